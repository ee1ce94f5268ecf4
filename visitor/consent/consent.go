package consent

import "time"

// Channel is a way to write to a person.
type Channel string

// The channels.
const (
	Email     Channel = "email"
	SMS       Channel = "sms"
	WhatsApp  Channel = "whatsapp"
	Messenger Channel = "messenger"
	Instagram Channel = "instagram"
	Telegram  Channel = "telegram"
	Chat      Channel = "chat"
)

// Subject is one address towards one sender. Consent and health are of a subject.
type Subject struct {
	Channel Channel `json:"channel"`
	// Sender is the business's own account: the phone_number_id on WhatsApp, the page, the
	// professional account, the bot, the sending domain. Empty: every sender of the business.
	Sender string `json:"sender,omitempty"`
	// Address is the person's: an e-mail address in lower case, a phone number in E.164 form, or
	// the id of the person on the channel.
	Address string `json:"address"`
}

// State is what was said.
type State string

// The states. Without an entry, the state is unknown.
const (
	Granted State = "granted"
	Denied  State = "denied"
	Pending State = "pending" // asked, and not confirmed yet: only the confirmation may be sent
)

// Origin is where an entry comes from. In this order, each ranks above the next at the same time.
type Origin string

// The origins.
const (
	Person   Origin = "person"   // the person: a form, a keyword, a link
	Platform Origin = "platform" // a setting of the channel, such as "stop marketing" in WhatsApp
	Operator Origin = "operator" // a user of the business
	Import   Origin = "import"   // a file
)

// Basis is the legal basis of a grant.
type Basis string

// The bases. The zero value means that none was given.
const (
	ByConsent          Basis = "consent"             // the person agreed
	SoftOptIn          Basis = "soft_opt_in"         // a customer, about similar products
	Implied            Basis = "implied"             // an inquiry or a purchase (CASL)
	Contract           Basis = "contract"            // needed to perform a contract
	LegitimateInterest Basis = "legitimate_interest" // GDPR article 6 (1) f
	NoBasis            Basis = "none"                // known to have none
)

// EvidenceKind is how an entry came to be known.
type EvidenceKind string

// The kinds of evidence.
const (
	ByForm        EvidenceKind = "form"          // the person submitted a form
	ByDoubleOptIn EvidenceKind = "double_opt_in" // the person followed the link of a confirmation
	ByMessage     EvidenceKind = "message"       // the person wrote it, in free words
	ByKeyword     EvidenceKind = "keyword"       // the person sent a word such as STOP
	ByPlatform    EvidenceKind = "platform"      // the channel reported it
	ByOneClick    EvidenceKind = "one_click"     // a one-click link (RFC 8058)
	ByImport      EvidenceKind = "import"        // a row of a file
	ByOperator    EvidenceKind = "operator"      // a user of the business entered it
)

// MaxEvidence is the maximum length of an Evidence in bytes, all its texts together.
const MaxEvidence = 4 << 10

// Evidence shows that an entry is right, at most MaxEvidence bytes. It can be erased without
// changing the entry.
type Evidence struct {
	Kind EvidenceKind `json:"kind,omitempty"`
	// Ref is an id at the place where it happened: of the form, the message or the import.
	Ref string `json:"ref,omitempty"`
	// Wording is what the person agreed to or said, or a hash and version of it.
	Wording   string `json:"wording,omitempty"`
	URL       string `json:"url,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

// Entry is one statement about a subject: this address may, or must not, be written to.
type Entry struct {
	Subject Subject   `json:"subject"`
	Topic   string    `json:"topic,omitempty"` // key of the topic; empty: the whole channel
	State   State     `json:"state"`
	Origin  Origin    `json:"origin"`
	At      time.Time `json:"at,omitzero"`      // when it was said; zero: when it is recorded
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Basis   Basis     `json:"basis,omitempty"`
	// Evidence shows how the entry is known.
	Evidence Evidence `json:"evidence,omitzero"`
	Actor    string   `json:"actor,omitempty"` // who recorded it
	Cause    string   `json:"cause,omitempty"` // why, such as the name of the channel's event
}
