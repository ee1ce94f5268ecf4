package visitor

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"
	"time"
)

// Absorb returns v with what a contact tells, which Rules have normalised. It gets the
// identities of the contact that are in keep, and loses those of Contact.Was. What comes
// out does not depend on the order in which contacts are taken in, nor on how often. Tags
// and what is not of the profile are left alone. A visitor without a name gets one that is
// made up and marked so.
func (p Policy) Absorb(v Visitor, c Contact, keep []Identity) Visitor {
	v = v.Clone()
	v.Identities = slices.DeleteFunc(v.Identities, func(i Identity) bool {
		return slices.ContainsFunc(c.Was, i.Is) && !slices.ContainsFunc(keep, i.Is)
	})
	for _, i := range keep {
		v.meet(i, c)
	}
	slices.SortFunc(v.Identities, Identity.Compare)
	if !c.Known && c.OccurredAt.After(v.LastSeenAt) {
		v.LastSeenAt = c.OccurredAt
	}
	told := Origin{At: c.OccurredAt, Source: c.Source, Account: c.Account, ExternalID: c.ExternalID, Claimed: c.Claimed}
	v.fill(p.Name.or(IfNewer), "name", &v.Name, word{c.Name, told})
	v.fill(p.Email.or(IfEmpty), "email", &v.Email, word{c.Email, told})
	phone := word{c.Phone, told}
	phone.Changed = len(c.Was) > 0
	v.fill(p.Phone.or(IfEmpty), "phone", &v.Phone, phone)
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		v.fillAttribute(p.Attributes.or(IfEmpty), name, c.Attributes[name], told)
	}
	v.callSomehow(told)
	return v
}

// meet notes that v was met under an identity.
func (v *Visitor) meet(i Identity, c Contact) {
	at := v.Identified(i)
	if at < 0 {
		at = len(v.Identities)
		v.Identities = append(v.Identities, i)
	}
	known := &v.Identities[at]
	if known.FirstSeen.IsZero() || c.OccurredAt.Before(known.FirstSeen) {
		known.FirstSeen = c.OccurredAt
	}
	if !c.Known && c.OccurredAt.After(known.LastSeen) {
		known.LastSeen = c.OccurredAt
	}
	if c.Username == "" || !known.Is(c.Identity()) {
		return
	}
	old, new := word{known.Username, Origin{At: known.UsernameAt}}, word{c.Username, Origin{At: c.OccurredAt}}
	if old.value == "" || IfNewer.beats(new, old) {
		known.Username, known.UsernameAt = c.Username, c.OccurredAt
	}
}

func (v *Visitor) fill(f Fill, field string, value *string, new word) {
	origin, told := v.Origins[field]
	if f.takes(new, word{*value, origin}, told) {
		*value = new.value
		v.setOrigin(field, new.Origin)
	}
}

func (v *Visitor) fillAttribute(f Fill, name string, value Value, told Origin) {
	field := attrField(name)
	origin, has := v.Origins[field]
	old := v.Attributes[name]
	if f.takes(word{value.word(), told}, word{old.word(), origin}, has) {
		v.Attributes = v.Attributes.Merge(Attributes{name: value}, nil)
		v.setOrigin(field, told)
	}
}

// word spells the value and its kind, "" for none.
func (v Value) word() string {
	if v.kind == "" {
		return ""
	}
	return string(v.kind) + " " + v.String()
}

func (v *Visitor) setOrigin(field string, o Origin) {
	if v.Origins == nil {
		v.Origins = Origins{}
	}
	v.Origins[field] = o
}

// callSomehow makes up a name where none was told, out of what is known by now.
func (v *Visitor) callSomehow(told Origin) {
	if v.Name != "" && !v.Placeholder() {
		return
	}
	v.Name = v.madeUpName()
	v.setOrigin("name", Origin{At: v.firstSeen(told.At), Source: v.Source, Placeholder: true})
}

// madeUpName is a username, else the phone, else the source and a short code, since an
// opaque id says nothing to anybody.
func (v *Visitor) madeUpName() string {
	met := slices.Clone(v.Identities)
	slices.SortStableFunc(met, func(a, b Identity) int { return a.FirstSeen.Compare(b.FirstSeen) })
	for _, i := range met {
		if name, err := NormalizeName(i.Username); err == nil {
			return name
		}
	}
	if v.Phone != "" {
		return v.Phone
	}
	code := string(v.ID)
	if len(met) > 0 {
		code = strings.Join([]string{string(met[0].Source), met[0].Account, met[0].ExternalID}, "\n")
	}
	sum := sha256.Sum256([]byte(code))
	return v.Source.Info().Label + " visitor " + crockford.EncodeToString(sum[:])[:4]
}

// crockford has no letters that are taken for digits.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

// firstSeen is when v was first met on a channel.
func (v *Visitor) firstSeen(now time.Time) time.Time {
	first := now
	for _, i := range v.Identities {
		if !i.FirstSeen.IsZero() && i.FirstSeen.Before(first) {
			first = i.FirstSeen
		}
	}
	return first
}
