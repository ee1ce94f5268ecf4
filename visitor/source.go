package visitor

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
)

// Source is the channel on which a visitor first contacted the business. It is a string in
// JSON, in SQL and in the text form of filters.
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

// Sources returns the built-in sources in display order.
func Sources() []Source { return Catalog{}.Sources() }

// ParseSource returns the built-in source with that value or label, in any case. For another
// one it returns a *FieldError that lists the known sources.
func ParseSource(s string) (Source, error) { return Catalog{}.Parse(s) }

// Info returns how a built-in source is shown. Another source has its value as label and a gray
// badge; for the sources of a host see Catalog.Info.
func (s Source) Info() SourceInfo { return Catalog{}.Info(s) }

// String returns the source's value.
func (s Source) String() string { return string(s) }

// Catalog is the set of sources of a host: the built-in ones and its own. The zero Catalog has
// the built-in ones.
type Catalog struct {
	own   []Source
	infos map[Source]SourceInfo
}

// NewCatalog returns the built-in sources and those of a host. A value has 1 to 32 lower-case
// ASCII letters, digits, '-' and '_', and starts with a letter; a built-in value changes how
// that source is shown. The default label is the value, the default badge a color derived from
// it. NewCatalog returns a *FieldError for a value, label or badge that is not valid.
func NewCatalog(own map[Source]SourceInfo) (Catalog, error) {
	c := Catalog{infos: make(map[Source]SourceInfo, len(own))}
	for s, info := range own {
		if !validName(string(s), 32, nameCharacters) {
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

// Sources returns the built-in sources, then those of the host ordered by value.
func (c Catalog) Sources() []Source {
	all := make([]Source, 0, len(builtin)+len(c.own))
	for _, b := range builtin {
		all = append(all, b.source)
	}
	return append(all, c.own...)
}

// Has reports whether s is in the catalog.
func (c Catalog) Has(s Source) bool {
	_, ok := c.lookup(s)
	return ok
}

// Info returns how s is shown. A source that is not in the catalog has its value as label and a
// gray badge.
func (c Catalog) Info(s Source) SourceInfo {
	if info, ok := c.lookup(s); ok {
		return info
	}
	return SourceInfo{Label: string(s), Badge: "#6b7280"}
}

// Parse returns the source with that value or label, in any case and with any space around it.
// For an unknown one it returns a *FieldError that lists the known sources.
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
