package visitor

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
)

// Source is the channel through which a visitor was first met. It is text: it
// reads and writes as a string in JSON, in SQL and in the text form of filters.
type Source string

// The built-in sources.
const (
	Instagram Source = "instagram"
	WhatsApp  Source = "whatsapp"
	Chat      Source = "chat"
	Messenger Source = "messenger"
	Telegram  Source = "telegram"
)

// SourceInfo is how a source is shown.
type SourceInfo struct {
	Label       string    `json:"label"`
	Badge       tag.Color `json:"badge"`
	Description string    `json:"description"`
}

var builtin = []struct {
	source Source
	info   SourceInfo
}{
	{Instagram, SourceInfo{"Instagram", "#16a34a", "a direct message or comment on Instagram"}},
	{WhatsApp, SourceInfo{"WhatsApp", "#2563eb", "a WhatsApp Business contact"}},
	{Chat, SourceInfo{"Chat", "#0ea5e9", "a conversation in the website chat widget"}},
	{Messenger, SourceInfo{"Facebook Messenger", "#6b7280", "a message through Facebook Messenger"}},
	{Telegram, SourceInfo{"Telegram", "#ea580c", "a conversation with the Telegram bot"}},
}

// Sources returns the built-in sources, in the order they are shown.
func Sources() []Source { return Catalog{}.Sources() }

// ParseSource reads a built-in source by its value or its label, in any case. An
// unknown one is a *FieldError that lists the known ones.
func ParseSource(s string) (Source, error) { return Catalog{}.Parse(s) }

// Info returns how a built-in source is shown; another one is labelled by its own
// value on a gray badge. For a host's sources ask its Catalog.
func (s Source) Info() SourceInfo { return Catalog{}.Info(s) }

// String returns the source's value.
func (s Source) String() string { return string(s) }

// Catalog is the set of sources that a host knows: the built-in ones and its own.
// The zero Catalog holds the built-in ones.
type Catalog struct {
	own   []Source
	infos map[Source]SourceInfo
}

// NewCatalog adds a host's own sources to the built-in ones. A value has 1 to 32
// lower-case letters, digits, '-' and '_', and starts with a letter; a built-in value
// may be given again to show it otherwise. A missing label or badge is made from the
// value; a bad value, label or badge is a *FieldError.
func NewCatalog(own map[Source]SourceInfo) (Catalog, error) {
	c := Catalog{infos: make(map[Source]SourceInfo, len(own))}
	for s, info := range own {
		if !validSource(s) {
			return Catalog{}, text.Refuse("source", "a source has 1 to 32 lower-case letters, digits, - and _, and starts with a letter")
		}
		var err error
		if info.Label, err = text.Line("source label", info.Label, 64); err != nil {
			return Catalog{}, err
		}
		if info.Label == "" {
			info.Label = string(s)
		}
		if info.Badge == "" {
			info.Badge = tag.ColorFor(string(s))
		}
		if info.Badge, err = tag.ParseColor(string(info.Badge)); err != nil {
			return Catalog{}, err
		}
		c.infos[s] = info
		if _, known := (Catalog{}).lookup(s); !known {
			c.own = append(c.own, s)
		}
	}
	slices.Sort(c.own)
	return c, nil
}

// Sources returns the built-in sources, then the host's own in the order of their
// values.
func (c Catalog) Sources() []Source {
	all := make([]Source, 0, len(builtin)+len(c.own))
	for _, b := range builtin {
		all = append(all, b.source)
	}
	return append(all, c.own...)
}

// Has reports whether s is in the catalogue.
func (c Catalog) Has(s Source) bool {
	_, ok := c.lookup(s)
	return ok
}

// Info returns how s is shown; one that is not in the catalogue is labelled by its
// own value on a gray badge.
func (c Catalog) Info(s Source) SourceInfo {
	if info, ok := c.lookup(s); ok {
		return info
	}
	return SourceInfo{Label: string(s), Badge: "#6b7280"}
}

// Parse reads a source by its value or its label, in any case and spacing. An
// unknown one is a *FieldError that lists the known ones.
func (c Catalog) Parse(s string) (Source, error) {
	if len(s) <= 256 {
		wanted := strings.TrimSpace(text.Fold(s))
		for _, known := range c.Sources() {
			if wanted == string(known) || wanted == text.Fold(c.Info(known).Label) {
				return known, nil
			}
		}
	}
	names := make([]string, 0, len(builtin)+len(c.own))
	for _, known := range c.Sources() {
		names = append(names, string(known))
	}
	if s == "" {
		return "", text.Refuse("source", "missing; known are "+strings.Join(names, ", "))
	}
	return "", text.Refuse("source", "unknown; known are "+strings.Join(names, ", "))
}

func (c Catalog) lookup(s Source) (SourceInfo, bool) {
	if info, ok := c.infos[s]; ok {
		return info, true
	}
	for _, b := range builtin {
		if b.source == s {
			return b.info, true
		}
	}
	return SourceInfo{}, false
}

func validSource(s Source) bool {
	if len(s) == 0 || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return strings.Trim(string(s), "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
