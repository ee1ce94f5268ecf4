package visitor

import (
	"slices"
	"strings"
)

// profileField is a field of the profile: what Changed names, but for the identities.
type profileField struct {
	name string
	text func(*Visitor) *string // where the visitor holds it; nil for an attribute
	told func(Contact) string   // what a contact says about it; nil for an attribute and the source
	fill func(Policy) Fill      // when a contact fills it; nil: never
	// replaced says that a contact of somebody who had other ids before tells what replaces
	// the value: the phone number of WhatsApp, which is an id too.
	replaced bool
}

// profileFields are all fields of the profile but the attributes. A new field is one more
// row, beside its place in Visitor, Draft, Patch and Contact.
var profileFields = []*profileField{
	{
		name: "name",
		text: func(v *Visitor) *string { return &v.Name },
		told: func(c Contact) string { return c.Name },
		fill: func(p Policy) Fill { return p.Name.or(IfNewer) },
	},
	{
		name: "email",
		text: func(v *Visitor) *string { return &v.Email },
		told: func(c Contact) string { return c.Email },
		fill: func(p Policy) Fill { return p.Email.or(IfEmpty) },
	},
	{
		name:     "phone",
		text:     func(v *Visitor) *string { return &v.Phone },
		told:     func(c Contact) string { return c.Phone },
		fill:     func(p Policy) Fill { return p.Phone.or(IfEmpty) },
		replaced: true,
	},
	{
		name: "source",
		text: func(v *Visitor) *string { return (*string)(&v.Source) },
	},
}

const attributePrefix = "attr." // of the names of fields that are attributes

func attributeField(name string) *profileField {
	return &profileField{name: attributePrefix + name, fill: func(p Policy) Fill { return p.Attributes.or(IfEmpty) }}
}

// fieldsOf returns every field in which one of the visitors may have a value or an origin.
func fieldsOf(visitors ...Visitor) []*profileField {
	var attributes []string
	for _, v := range visitors {
		for name := range v.Attributes {
			attributes = append(attributes, name)
		}
		for field := range v.Provenance {
			if name, ok := strings.CutPrefix(field, attributePrefix); ok {
				attributes = append(attributes, name)
			}
		}
	}
	slices.Sort(attributes)
	fields := slices.Clone(profileFields)
	for _, name := range slices.Compact(attributes) {
		fields = append(fields, attributeField(name))
	}
	return fields
}

func (f *profileField) attribute() string { return f.name[len(attributePrefix):] }

// of returns the value that v has, the zero Value for none.
func (f *profileField) of(v *Visitor) Value {
	if f.text == nil {
		return v.Attributes[f.attribute()]
	}
	return textOrNone(*f.text(v))
}

// in returns what a contact says about the field, the zero Value for nothing.
func (f *profileField) in(c Contact) Value {
	switch {
	case f.text == nil:
		return c.Attributes[f.attribute()]
	case f.told == nil:
		return Value{}
	}
	return textOrNone(f.told(c))
}

func textOrNone(s string) Value {
	if s == "" {
		return Value{}
	}
	return Text(s)
}

// set gives v a value, none with the zero Value.
func (f *profileField) set(v *Visitor, value Value) {
	switch {
	case f.text != nil:
		*f.text(v) = value.text
	case value.kind == "":
		v.Attributes = v.Attributes.Merge(nil, []string{f.attribute()})
	default:
		v.Attributes = v.Attributes.Merge(Attributes{f.attribute(): value}, nil)
	}
}

// copy makes the field of v what it is of u, with its origin.
func (f *profileField) copy(v, u *Visitor) {
	f.set(v, f.of(u))
	if o, ok := u.Provenance[f.name]; ok {
		v.setOrigin(f.name, o)
	} else {
		delete(v.Provenance, f.name)
	}
}

// word returns the value that v has and its origin, if it has one.
func (f *profileField) word(v *Visitor) (w word, told bool) {
	w.value = f.of(v).word()
	w.Provenance, told = v.Provenance[f.name]
	return w, told
}

// changedFields returns the fields in which a and b differ.
func changedFields(a, b Visitor) []*profileField {
	var changed []*profileField
	for _, f := range profileFields {
		if *f.text(&a) != *f.text(&b) {
			changed = append(changed, f)
		}
	}
	for name, value := range a.Attributes {
		if !b.Attributes[name].Equal(value) {
			changed = append(changed, attributeField(name))
		}
	}
	for name := range b.Attributes {
		if _, ok := a.Attributes[name]; !ok {
			changed = append(changed, attributeField(name))
		}
	}
	return changed
}

// Changed returns the names of the profile's fields in which a and b differ, sorted:
// name, email, phone, source, attr.NAME for an attribute, identities.
func Changed(a, b Visitor) []string {
	var fields []string
	for _, f := range changedFields(a, b) {
		fields = append(fields, f.name)
	}
	if !slices.EqualFunc(a.Identities, b.Identities, func(i, j Identity) bool { return i.Is(j) && i.Username == j.Username }) {
		fields = append(fields, "identities")
	}
	slices.Sort(fields)
	return fields
}
