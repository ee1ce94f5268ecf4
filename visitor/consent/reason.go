package consent

// Reason is a code for why a message may be sent or not.
type Reason string

// The reasons why a message may be sent.
const (
	ReasonGranted         Reason = "granted"           // the person agreed
	ReasonDefaultOptOut   Reason = "default_opt_out"   // nothing was said, and the topic's default is OptOut
	ReasonNoConsentNeeded Reason = "no_consent_needed" // the purpose is not Marketing
)

// The reasons why a message must not be sent. If several apply, the first in this order is given.
const (
	ReasonKeyMissing      Reason = "key_missing"       // a suppression key is missing, so denials cannot be found
	ReasonUnknownTopic    Reason = "unknown_topic"     // the topic does not exist
	ReasonTopicOffChannel Reason = "topic_off_channel" // the topic is not sent on the channel
	ReasonNoAddress       Reason = "no_address"        // no address on the channel, or none towards the sender
	ReasonErased          Reason = "erased"            // the person's data was erased
	ReasonDeniedChannel   Reason = "denied_channel"    // the person wants no messages on the channel
	ReasonPlatformStopped Reason = "platform_stopped"  // the channel reported that the person stopped messages
	ReasonDeniedTopic     Reason = "denied_topic"      // the person wants no messages about the topic
	ReasonBlocked         Reason = "blocked"           // the person blocked the sender
	ReasonInvalidAddress  Reason = "invalid_address"   // the address does not exist
	ReasonBounced         Reason = "bounced"           // the address does not take messages
	ReasonComplaint       Reason = "complaint"         // the person reported a message as spam
	ReasonPending         Reason = "pending"           // asked, and not confirmed yet
	ReasonExpired         Reason = "expired"           // the consent has expired
	ReasonUnknownOptIn    Reason = "unknown_opt_in"    // nothing was said, and the topic needs a consent
	ReasonWindowClosed    Reason = "window_closed"     // the person's last message is too long ago for an answer
)

var reasons = codes[Reason]{
	{ReasonGranted, "agreed to messages"},
	{ReasonDefaultOptOut, "did not object, which is enough for this topic"},
	{ReasonNoConsentNeeded, "such a message needs no consent"},
	{ReasonKeyMissing, "a suppression key is missing, so it cannot be known whether messages were denied"},
	{ReasonUnknownTopic, "there is no such topic"},
	{ReasonTopicOffChannel, "the topic is not sent on this channel"},
	{ReasonNoAddress, "no address on this channel"},
	{ReasonErased, "the data of this person was erased"},
	{ReasonDeniedChannel, "does not want messages on this channel"},
	{ReasonPlatformStopped, "stopped messages in the settings of the channel"},
	{ReasonDeniedTopic, "does not want messages about this topic"},
	{ReasonBlocked, "blocked the sender"},
	{ReasonInvalidAddress, "the address does not exist"},
	{ReasonBounced, "the address does not take messages"},
	{ReasonComplaint, "reported a message as spam"},
	{ReasonPending, "has not confirmed yet"},
	{ReasonExpired, "the consent has expired"},
	{ReasonUnknownOptIn, "has not agreed"},
	{ReasonWindowClosed, "has not written recently enough to be answered on this channel"},
}

// Reasons returns all reasons: first those that allow a message, then the others in their order.
func Reasons() []Reason { return reasons.values() }

// Text returns the reason in English, or "" for an unknown one.
func (r Reason) Text() string { return reasons.text(r) }
