package visitor

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
)

// Absorb returns v with what a contact says, which Rules have normalised. It gets those
// identities of the contact that are in keep, and loses those of Contact.Was. The result
// does not depend on the order in which contacts are absorbed, nor on how often each is.
// Tags and groups stay as they are. A visitor without a name gets a placeholder.
func (p Policy) MergeContact(v Visitor, c Contact, keep []Identity) Visitor {
	v = v.Clone()
	v.Identities = slices.DeleteFunc(v.Identities, func(i Identity) bool {
		return slices.ContainsFunc(c.PreviousIDs, i.Is) && !slices.ContainsFunc(keep, i.Is)
	})
	for _, i := range keep {
		v.meet(i, c)
	}
	slices.SortFunc(v.Identities, Identity.Compare)
	if !c.UpdateOnly && c.OccurredAt.After(v.LastSeenAt) {
		v.LastSeenAt = c.OccurredAt
	}
	told := Provenance{At: c.OccurredAt, Source: c.Source, Account: c.Account, ExternalID: c.ExternalID, Unverified: c.Unverified}
	for _, f := range profileFields {
		v.fill(f, p, c, told)
	}
	for name := range c.Attributes {
		v.fill(attributeField(name), p, c, told)
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
	if !c.UpdateOnly && c.OccurredAt.After(known.LastSeen) {
		known.LastSeen = c.OccurredAt
	}
	if c.Username == "" || !known.Is(c.Identity()) {
		return
	}
	old, new := word{known.Username, Provenance{At: known.UsernameAt}}, word{c.Username, Provenance{At: c.OccurredAt}}
	if old.value == "" || IfNewer.beats(new, old) {
		known.Username, known.UsernameAt = c.Username, c.OccurredAt
	}
}

// fill puts what a contact says about a field into it, if the policy wants that.
func (v *Visitor) fill(f *profileField, p Policy, c Contact, told Provenance) {
	value := f.in(c)
	if value.kind == "" {
		return
	}
	told.Changed = f.replaced && len(c.PreviousIDs) > 0
	if old, has := f.word(v); f.fill(p).takes(word{value.word(), told}, old, has) {
		f.set(v, value)
		v.setOrigin(f.name, told)
	}
}

// word spells the value, "" for none. Values of two kinds have different words: a text
// holds no NUL.
func (v Value) word() string {
	if v.kind == "" || v.kind == TextKind {
		return v.text
	}
	return "\x00" + string(v.kind) + v.String()
}

func (v *Visitor) setOrigin(field string, o Provenance) {
	if v.Provenance == nil {
		v.Provenance = Provenances{}
	}
	v.Provenance[field] = o
}

// callSomehow makes up a name where none was told, out of what is known by now.
func (v *Visitor) callSomehow(told Provenance) {
	if v.Name != "" && !v.Placeholder() {
		return
	}
	v.Name = v.madeUpName()
	v.setOrigin("name", Provenance{At: v.firstSeen(told.At), Source: v.Source, Placeholder: true})
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
