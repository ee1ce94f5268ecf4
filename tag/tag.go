package tag

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
)

// Limits of a tag's text.
const (
	MaxName        = 64    // code points of a name
	MaxDescription = 1_000 // bytes of a description
)

// ID is the permanent id of a tag, which renaming does not change: a UUIDv7 in the 36-character
// form.
type ID string

// NewID generates an id for a tag created at t.
func NewID(t time.Time) ID { return ID(id.New(t)) }

// ParseID parses an id in the 36-character form, or returns a *text.FieldError.
func ParseID(s string) (ID, error) {
	parsed, err := id.Parse("tag id", s)
	return ID(parsed), err
}

// UnmarshalText parses an id as ParseID does.
func (i *ID) UnmarshalText(b []byte) (err error) {
	*i, err = ParseID(string(b))
	return err
}

// Tag is a label for visitors of a workspace.
type Tag struct {
	ID          ID        `json:"id"`
	Name        string    `json:"name"`
	Color       Color     `json:"color"`
	Description string    `json:"description,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

// Draft is the data to create a tag from. Only the name is required.
type Draft struct {
	Name        string `json:"name"`
	Color       Color  `json:"color,omitempty"` // default: ColorFor(Name)
	Description string `json:"description,omitempty"`
}

// Patch changes a tag. A nil field is not changed.
type Patch struct {
	Name        *string `json:"name,omitempty"`
	Color       *Color  `json:"color,omitempty"`
	Description *string `json:"description,omitempty"`
}

// Assignment is a tag on a visitor. Name and Color are those of the tag at the time of reading.
type Assignment struct {
	Tag   ID        `json:"tag"`
	Name  string    `json:"name"`
	Color Color     `json:"color"`
	At    time.Time `json:"at"`              // when it was assigned
	Actor string    `json:"actor,omitempty"` // who assigned it, as the host names its users
	Cause string    `json:"cause,omitempty"` // a rule, a campaign, an import
}

// Compare orders assignments by name, byte by byte.
func (a Assignment) Compare(b Assignment) int { return strings.Compare(a.Name, b.Name) }

// Key returns a form of a name that is equal for different spellings of the same name: text.Fold
// with single spaces between words.
func Key(name string) string {
	key := text.Fold(name)
	if strings.Contains(key, " ") {
		key = strings.Join(strings.Fields(key), " ")
	}
	return key
}

// Normalize returns d in normalized form with a color, or a *text.FieldError. The name has 1 to
// MaxName code points and a Key that is not empty, the description at most MaxDescription bytes.
func (d Draft) Normalize() (Draft, error) {
	name, err := cleanName(d.Name)
	if err != nil {
		return Draft{}, err
	}
	description, err := text.Clean("tag description", d.Description, MaxDescription)
	if err != nil {
		return Draft{}, err
	}
	color := ColorFor(name)
	if d.Color != "" {
		if color, err = ParseColor(string(d.Color)); err != nil {
			return Draft{}, err
		}
	}
	return Draft{Name: name, Color: color, Description: description}, nil
}

// Apply returns t changed by p and normalized, or a *text.FieldError.
func (p Patch) Apply(t Tag) (Tag, error) {
	d := Draft{Name: t.Name, Color: t.Color, Description: t.Description}
	if p.Name != nil {
		d.Name = *p.Name
	}
	if p.Color != nil {
		d.Color = *p.Color
	}
	if p.Description != nil {
		d.Description = *p.Description
	}
	d, err := d.Normalize()
	if err != nil {
		return Tag{}, err
	}
	t.Name, t.Color, t.Description = d.Name, d.Color, d.Description
	return t, nil
}

func cleanName(s string) (string, error) {
	name, err := text.Line("tag", s, MaxName)
	if err != nil {
		return "", err
	}
	if Key(name) == "" || text.Blank(name) {
		return "", text.Refuse("tag", "empty name")
	}
	return name, nil
}
