package visitor

import (
	"cmp"
	"slices"
	"strings"
)

// profileField is a field of the profile: one of those that Changed names, except identities.
type profileField struct {
	name        string
	fromContact func(Contact) Value // its value in a contact, the zero Value for none; nil: never filled
	fill        func(Policy) Fill   // when it is filled from a contact; nil: never filled
	// changesWithID is set if the value changes together with the id: on WhatsApp the phone
	// number is an id. Then a contact with PreviousIDs replaces the value.
	changesWithID bool
}

// profileFields are the fields of the profile except the attributes. A new field is a row here,
// a case of profileField.text, and a struct field of Visitor, Draft, Patch and Contact.
var profileFields = []*profileField{
	{
		name:        "name",
		fromContact: func(c Contact) Value { return textOrNone(c.Name) },
		fill:        func(p Policy) Fill { return cmp.Or(p.Name, IfNewer) },
	},
	{
		name:        "email",
		fromContact: func(c Contact) Value { return textOrNone(c.Email) },
		fill:        func(p Policy) Fill { return cmp.Or(p.Email, IfEmpty) },
	},
	{
		name:          "phone",
		fromContact:   func(c Contact) Value { return textOrNone(c.Phone) },
		fill:          func(p Policy) Fill { return cmp.Or(p.Phone, IfEmpty) },
		changesWithID: true,
	},
	{name: "source"},
}

const attributePrefix = "attr." // of the field names of attributes

func attributeField(name string) *profileField {
	return &profileField{
		name:        attributePrefix + name,
		fromContact: func(c Contact) Value { return c.Attributes[name] },
		fill:        func(p Policy) Fill { return cmp.Or(p.Attributes, IfEmpty) },
	}
}

// fieldsOf returns the fields in which any of the visitors can have a value or a provenance.
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

// text returns where v has the field, nil for an attribute.
func (f *profileField) text(v *Visitor) *string {
	switch f.name {
	case "name":
		return &v.Name
	case "email":
		return &v.Email
	case "phone":
		return &v.Phone
	case "source":
		return (*string)(&v.Source)
	}
	return nil
}

// get returns the value of the field in v, the zero Value if it has none.
func (f *profileField) get(v *Visitor) Value {
	if text := f.text(v); text != nil {
		return textOrNone(*text)
	}
	return v.Attributes[f.attribute()]
}

func textOrNone(s string) Value {
	if s == "" {
		return Value{}
	}
	return Text(s)
}

// set sets the field of v. The zero Value clears it.
func (f *profileField) set(v *Visitor, value Value) {
	text := f.text(v)
	switch {
	case text != nil:
		*text = value.text
	case value.kind == "":
		v.Attributes = v.Attributes.Merge(nil, []string{f.attribute()})
	default:
		v.Attributes = v.Attributes.Merge(Attributes{f.attribute(): value}, nil)
	}
}

// copy sets the field of v to its value and provenance in u.
func (f *profileField) copy(v, u *Visitor) {
	f.set(v, f.get(u))
	if p, ok := u.Provenance[f.name]; ok {
		v.setProvenance(f.name, p)
	} else {
		delete(v.Provenance, f.name)
	}
}

// current returns the value of the field in v, and whether it has a provenance.
func (f *profileField) current(v *Visitor) (w fieldValue, ok bool) {
	w.value = f.get(v).key()
	w.Provenance, ok = v.Provenance[f.name]
	return w, ok
}

// Changed returns the names of the profile's fields in which a and b differ, sorted:
// name, email, phone, source, attr.NAME for an attribute, identities. The times of identities,
// and the order of their inboxes, are not part of the profile.
func Changed(a, b Visitor) []string {
	var fields []string
	for _, f := range profileFields {
		if *f.text(&a) != *f.text(&b) {
			fields = append(fields, f.name)
		}
	}
	for name, value := range a.Attributes {
		if !b.Attributes[name].Equal(value) {
			fields = append(fields, attributePrefix+name)
		}
	}
	for name := range b.Attributes {
		if _, ok := a.Attributes[name]; !ok {
			fields = append(fields, attributePrefix+name)
		}
	}
	same := slices.EqualFunc(a.Identities, b.Identities, func(i, j Identity) bool {
		return i.Is(j) && i.Username == j.Username && i.hasInboxesOf(j) && j.hasInboxesOf(i)
	})
	if !same {
		fields = append(fields, "identities")
	}
	slices.Sort(fields)
	return fields
}
