package consent

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

var channels = codes[Channel]{
	{Email, "E-mail"},
	{SMS, "SMS"},
	{WhatsApp, "WhatsApp"},
	{Messenger, "Facebook Messenger"},
	{Instagram, "Instagram"},
	{Telegram, "Telegram"},
	{Chat, "Chat"},
}

// Channels returns all channels in display order.
func Channels() []Channel { return channels.values() }

// ParseChannel returns the channel with that value, in any case and with any space around it. For
// another one it returns a *text.FieldError that lists the channels.
func ParseChannel(s string) (Channel, error) { return channels.parse("channel", s) }

// Text returns the label of the channel, such as "WhatsApp", or "" for an unknown one.
func (c Channel) Text() string { return channels.text(c) }

// ofSender reports whether an address of the channel exists only towards one sender: the id of a
// person on a page says nothing to another page, and a bot cannot write to people first.
func (c Channel) ofSender() bool {
	switch c {
	case Messenger, Instagram, Telegram, Chat:
		return true
	}
	return false
}

// hasWindow reports whether the channel takes a free answer only within replyWindow after a
// message of the person.
func (c Channel) hasWindow() bool { return c == WhatsApp || c == Messenger || c == Instagram }
