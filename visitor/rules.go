package visitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/address"
)

// Limits of a visitor. Longer input is refused, never truncated.
const (
	MaxName          = 200              // code points of a name
	MaxEmail         = address.MaxEmail // bytes of an e-mail address: 254
	MaxIdentity      = 255              // bytes of an identity's account, external id or username
	MaxAttributes    = 100              // attributes
	MaxAttributeName = 64               // characters of an attribute's name
	MaxAttributeText = 4_096            // bytes of a text, or of one item of a list
	MaxAttributeList = 100              // items of a list
	MaxTags          = 200              // tags
	MaxGroups        = 1_000            // memberships and exclusions
	MaxIdentities    = 100              // identities
	MaxInboxes       = 20               // inboxes of an identity
)

// Rules validate and normalize input, or return a *FieldError. A result shares no memory with
// the input, and normalizing it again does not change it. The zero Rules accept the built-in
// sources and international phone numbers.
type Rules struct {
	Sources Catalog   // accepted sources; default: the built-in ones
	Phone   PhoneFunc // parses national phone numbers; default: they are refused
}

// Draft returns d in normalized form: tags without duplicates (the first spelling is kept),
// groups and identities sorted, CreatedAt in UTC to the microsecond. A zero CreatedAt becomes
// now. It returns a *FieldError for a field that is not valid, an unknown source, a duplicate
// identity, and a CreatedAt before 1970 or more than a day after now.
func (r Rules) Draft(d Draft, now time.Time) (Draft, error) {
	name, err := NormalizeName(d.Name)
	if err != nil {
		return Draft{}, err
	}
	email, err := NormalizeEmail(d.Email)
	if err != nil {
		return Draft{}, err
	}
	phone, err := r.NormalizePhone(d.Phone)
	if err != nil {
		return Draft{}, err
	}
	source, err := r.Sources.Parse(string(d.Source))
	if err != nil {
		return Draft{}, err
	}
	tags, err := normalizeTags(d.Tags)
	if err != nil {
		return Draft{}, err
	}
	groups, err := normalizeGroups(d.Groups)
	if err != nil {
		return Draft{}, err
	}
	identities, err := r.identities(d.Identities)
	if err != nil {
		return Draft{}, err
	}
	attributes, err := r.Attributes(d.Attributes)
	if err != nil {
		return Draft{}, err
	}
	created, err := normalizeCreated(d.CreatedAt, now)
	if err != nil {
		return Draft{}, err
	}
	return Draft{
		Name: name, Email: email, Phone: phone, Source: source, Tags: tags, Groups: groups,
		Identities: identities, Attributes: attributes, CreatedAt: created,
	}, nil
}

// Patch returns p in normalized form. It returns a *FieldError for a field that is not valid, a
// blank name, a negative IfRevision, and an attribute that is both set and unset.
func (r Rules) Patch(p Patch) (Patch, error) {
	next := Patch{IfRevision: p.IfRevision}
	if p.IfRevision < 0 {
		return Patch{}, text.Refuse("if_revision", "negative")
	}
	for _, field := range []struct {
		from      *string
		to        **string
		normalize func(string) (string, error)
	}{
		{p.Name, &next.Name, NormalizeName},
		{p.Email, &next.Email, NormalizeEmail},
		{p.Phone, &next.Phone, r.NormalizePhone},
	} {
		if field.from == nil {
			continue
		}
		value, err := field.normalize(*field.from)
		if err != nil {
			return Patch{}, err
		}
		*field.to = &value
	}
	if p.Source != nil {
		source, err := r.Sources.Parse(string(*p.Source))
		if err != nil {
			return Patch{}, err
		}
		next.Source = &source
	}
	var err error
	if next.Set, err = r.Attributes(p.Set); err != nil {
		return Patch{}, err
	}
	if next.Unset, err = normalizeUnset(p.Unset, next.Set); err != nil {
		return Patch{}, err
	}
	return next, nil
}

// Identity returns i in normalized form, its times in UTC to the microsecond, its inboxes newest
// first. Account and external id are not changed; without InboxTimes, the times of the inboxes
// are unknown. It returns a *FieldError for a field that is not valid, an unknown source, an
// empty external id, and the same inbox twice.
func (r Rules) Identity(i Identity) (Identity, error) {
	source, err := r.Sources.Parse(string(i.Source))
	if err != nil {
		return Identity{}, err
	}
	account, err := text.Token("account", i.Account, MaxIdentity)
	if err != nil {
		return Identity{}, err
	}
	external, err := text.Token("external_id", i.ExternalID, MaxIdentity)
	if err != nil {
		return Identity{}, err
	}
	if external == "" {
		return Identity{}, text.Refuse("external_id", "missing")
	}
	username, err := line("username", i.Username, MaxIdentity)
	if err != nil {
		return Identity{}, err
	}
	first, err := normalizeSeen("first_seen", i.FirstSeen)
	if err != nil {
		return Identity{}, err
	}
	last, err := normalizeSeen("last_seen", i.LastSeen)
	if err != nil {
		return Identity{}, err
	}
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		return Identity{}, text.Refuse("last_seen", "before first_seen")
	}
	normal := Identity{
		Source: source, Account: account, ExternalID: external, Username: username,
		FirstSeen: first, LastSeen: last,
	}
	if err := normal.addInboxes(i); err != nil {
		return Identity{}, err
	}
	return normal, nil
}

// addInboxes adds the inboxes of given, or returns a *FieldError.
func (i *Identity) addInboxes(given Identity) error {
	switch {
	case len(given.Inboxes) > MaxInboxes:
		return text.Refuse("inboxes", fmt.Sprintf("more than %d", MaxInboxes))
	case len(given.InboxTimes) > 0 && len(given.InboxTimes) != len(given.Inboxes):
		return text.Refuse("inbox_times", "not one for each inbox")
	}
	for n, inbox := range given.Inboxes {
		inbox, err := text.Token("inboxes", inbox, MaxIdentity)
		switch {
		case err != nil:
			return err
		case inbox == "":
			return text.Refuse("inboxes", "an empty inbox")
		case slices.Contains(i.Inboxes, inbox):
			return text.Refuse("inboxes", "the same inbox twice")
		}
		var at time.Time
		if len(given.InboxTimes) > 0 {
			if at, err = normalizeSeen("inbox_times", given.InboxTimes[n]); err != nil {
				return err
			}
		}
		i.addInbox(inbox, at)
	}
	return nil
}

func (r Rules) identities(given []Identity) ([]Identity, error) {
	if len(given) == 0 {
		return nil, nil
	}
	if len(given) > MaxIdentities {
		return nil, text.Refuse("identities", fmt.Sprintf("more than %d", MaxIdentities))
	}
	out := make([]Identity, 0, len(given))
	for _, i := range given {
		i, err := r.Identity(i)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	slices.SortFunc(out, Identity.Compare)
	for i := 1; i < len(out); i++ {
		if out[i-1].Compare(out[i]) == 0 {
			return nil, text.Refuse("identities", "the same source, account and external id twice")
		}
	}
	return out, nil
}

// NormalizeName returns a name in normalized form: one line (see text.Line) of 1 to MaxName
// code points, at least one of them visible. Otherwise it returns a *FieldError.
func NormalizeName(s string) (string, error) {
	name, err := text.Line("name", s, MaxName)
	if err != nil {
		return "", err
	}
	if text.Blank(name) {
		return "", text.Refuse("name", "missing")
	}
	return name, nil
}

func normalizeTags(names []string) ([]string, error) {
	var out []string
	seen := make(map[string]bool, min(len(names), MaxTags))
	for _, name := range names {
		t, err := tag.Draft{Name: name}.Normalize()
		if err != nil {
			return nil, err
		}
		key := tag.Key(t.Name)
		if seen[key] {
			continue
		}
		if len(out) == MaxTags {
			return nil, text.Refuse("tags", fmt.Sprintf("more than %d", MaxTags))
		}
		seen[key] = true
		out = append(out, t.Name)
	}
	return out, nil
}

func normalizeGroups(ids []GroupID) ([]GroupID, error) {
	var out []GroupID
	for _, given := range ids {
		id, err := ParseGroupID(string(given))
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > MaxGroups {
		return nil, text.Refuse("groups", fmt.Sprintf("more than %d", MaxGroups))
	}
	return out, nil
}

func normalizeUnset(names []string, set Attributes) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	for _, name := range names {
		if err := checkAttributeName(name); err != nil {
			return nil, err
		}
		if _, both := set[name]; both {
			return nil, text.Refuse("attribute "+name, "both set and unset")
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names))), nil
}

func normalizeCreated(t, now time.Time) (time.Time, error) {
	if t.IsZero() {
		t = now
	}
	t = t.UTC().Truncate(time.Microsecond)
	if !t.After(time.Unix(0, 0)) {
		return time.Time{}, text.Refuse("created_at", "not after 1970-01-01T00:00:00Z")
	}
	if t.After(now.Add(24 * time.Hour)) {
		return time.Time{}, text.Refuse("created_at", "more than a day from now")
	}
	return t, nil
}

func normalizeSeen(field string, t time.Time) (time.Time, error) {
	if t.IsZero() {
		return time.Time{}, nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.UnixMicro() <= 0 || t.Year() > 9999 {
		return time.Time{}, text.Refuse(field, "not between 1970 and the year 9999")
	}
	return t, nil
}

// line is text.Line with the limit in bytes.
func line(field, s string, limit int) (string, error) {
	out, err := text.Line(field, s, limit)
	if err == nil && len(out) > limit {
		return "", text.Refuse(field, fmt.Sprintf("longer than %d bytes", limit))
	}
	return out, err
}
