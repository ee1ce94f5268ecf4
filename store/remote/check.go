package remote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Limits of requests.
const (
	maxRows    = 10_000 // in one response; a Workspace requests at most 1,001
	maxListed  = 1_000  // keys or ids of a list
	maxKeyText = 4_096  // bytes of a key or of a folded name
)

func checkLimit(limit int) error {
	if limit < 1 || limit > maxRows {
		return text.Refuse("limit", fmt.Sprintf("want 1 to %d", maxRows))
	}
	return nil
}

func checkKeyText(field, s string) error {
	if len(s) > maxKeyText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return text.Refuse(field, "not a key")
	}
	return nil
}

func checkPosition(o driver.Order, p *driver.Position) error {
	if p == nil {
		return nil
	}
	id, err := visitor.ParseID(string(p.ID))
	if err != nil {
		return err
	}
	p.ID = id
	key, _, _ := driver.Sorting(o)
	if p.Name != "" && key != driver.ByName || p.Micros != 0 && key != driver.BySeen && key != driver.ByUpdated {
		return text.Refuse("after", "does not fit the order")
	}
	return checkKeyText("after", p.Name)
}

func checkList(l driver.List) error {
	if len(l.Keys) > maxListed || len(l.IDs) > maxListed {
		return text.Refuse("list", fmt.Sprintf("more than %d", maxListed))
	}
	for _, key := range append(slices.Clone(l.Keys), l.After) {
		if err := checkKeyText("list", key); err != nil {
			return err
		}
	}
	for _, id := range l.IDs {
		if _, err := visitor.ParseID(id); err != nil {
			return err
		}
	}
	if len(l.Keys)+len(l.IDs) > 0 {
		return nil
	}
	return checkLimit(l.Limit)
}

// changeChecker normalises changes as a Workspace does, and refuses those that no Workspace
// would make.
type changeChecker struct{ rules visitor.Rules }

func (k changeChecker) change(c driver.Change) (driver.Change, error) {
	if err := checkAudit(c); err != nil {
		return nil, err
	}
	switch c := c.(type) {
	case driver.CreateVisitor:
		return k.createVisitor(c)
	case driver.UpdateVisitor:
		patch, err := k.rules.Patch(c.Patch)
		c.Patch = patch
		return c, cmp.Or(err, checkID(c.ID))
	case driver.DeleteVisitor:
		return c, checkID(c.ID)
	case driver.AddTags:
		return c, cmp.Or(checkID(c.ID), checkKeys(c.Tags))
	case driver.RemoveTags:
		return c, cmp.Or(checkID(c.ID), checkKeys(c.Tags))
	case driver.EnsureTag:
		t, err := checkTag(c.Tag)
		c.Tag = t
		return c, err
	case driver.CreateTag:
		t, err := checkTag(c.Tag)
		c.Tag = t
		return c, err
	case driver.UpdateTag:
		return c, checkID(c.ID)
	case driver.DeleteTag:
		return c, checkID(c.ID)
	case driver.CreateGroup:
		return checkGroup(c)
	case driver.UpdateGroup:
		return c, checkID(c.ID)
	case driver.DeleteGroup:
		return c, checkID(c.ID)
	case driver.AddToGroup:
		return c, cmp.Or(checkID(c.ID), checkID(c.Group))
	case driver.RemoveFromGroup:
		return c, cmp.Or(checkID(c.ID), checkID(c.Group))
	case driver.CaptureContact:
		return k.capture(c)
	case driver.MergeVisitors:
		return c, cmp.Or(checkID(c.Into), checkID(c.From), c.Policy.Validate())
	case driver.UnmergeVisitor:
		return c, checkID(c.From)
	case driver.LinkIdentity:
		identity, err := k.identity(c.Identity)
		c.Identity = identity
		return c, cmp.Or(err, checkID(c.ID))
	case driver.UnlinkIdentity:
		identity, err := k.identity(c.Identity)
		c.Identity = identity
		return c, cmp.Or(err, checkID(c.ID))
	}
	return nil, text.Refuse("kind", "unknown")
}

// checkAudit allows creations without Audit.At, which package storetest uses: what they create
// has a creation time.
func checkAudit(c driver.Change) error {
	check := checkTime
	switch c.(type) {
	case driver.CreateVisitor, driver.EnsureTag, driver.CreateTag, driver.CreateGroup:
		check = checkOptionalTime
	}
	a := driver.AuditOf(c)
	return cmp.Or(check("at", a.At), checkNote("actor", a.Actor), checkNote("cause", a.Cause))
}

func (k changeChecker) createVisitor(c driver.CreateVisitor) (driver.Change, error) {
	v := &c.Visitor
	d, err := k.rules.Draft(visitor.Draft{
		Name: v.Name, Email: v.Email, Phone: v.Phone, Source: v.Source, Groups: c.Groups, Attributes: v.Attributes, CreatedAt: v.CreatedAt,
	}, v.CreatedAt)
	if err != nil {
		return nil, err
	}
	v.Name, v.Email, v.Phone, v.Source, v.Attributes, c.Groups = d.Name, d.Email, d.Phone, d.Source, d.Attributes, d.Groups
	for i, given := range v.Identities {
		if v.Identities[i], err = k.identity(given); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(v.Identities, visitor.Identity.Compare)
	for i := 1; i < len(v.Identities); i++ {
		if v.Identities[i-1].Compare(v.Identities[i]) == 0 {
			return nil, text.Refuse("identities", "the same source, account and external id twice")
		}
	}
	switch created, ok := v.ID.Time(); {
	case !ok || !created.Equal(v.CreatedAt):
		return nil, text.Refuse("id", "not a UUIDv7 with the creation time")
	case v.Revision != 1 || len(v.Tags)+len(v.Memberships)+len(v.Excluded)+len(v.Provenance) > 0:
		return nil, text.Refuse("visitor", "not a new visitor")
	case len(c.Tags) > visitor.MaxTags:
		return nil, text.Refuse("tags", fmt.Sprintf("more than %d", visitor.MaxTags))
	}
	return c, cmp.Or(checkID(v.ID), v.CheckLimits(), checkTime("created_at", v.CreatedAt), checkTime("updated_at", v.UpdatedAt),
		checkOptionalTime("last_seen_at", v.LastSeenAt), checkKeys(c.Tags))
}

// identity normalises an identity except its times, which it checks.
func (k changeChecker) identity(given visitor.Identity) (visitor.Identity, error) {
	clean, err := k.rules.Identity(visitor.Identity{Source: given.Source, Account: given.Account, ExternalID: given.ExternalID, Username: given.Username})
	clean.FirstSeen, clean.LastSeen, clean.UsernameAt = given.FirstSeen, given.LastSeen, given.UsernameAt
	return clean, cmp.Or(err, checkOptionalTime("first_seen", given.FirstSeen), checkOptionalTime("last_seen", given.LastSeen), checkOptionalTime("username_at", given.UsernameAt))
}

// capture refuses fields that a Workspace would have left out of a contact.
func (k changeChecker) capture(c driver.CaptureContact) (driver.Change, error) {
	contact, refused, err := k.rules.Contact(c.Contact, c.Contact.OccurredAt)
	if err := cmp.Or(append([]error{err}, refused...)...); err != nil {
		return nil, err
	}
	for i, t := range c.Tags {
		if c.Tags[i], err = checkTag(t); err != nil {
			return nil, err
		}
	}
	c.Contact = contact
	if _, ok := c.ID.Time(); !ok {
		return nil, text.Refuse("id", "not a UUIDv7")
	}
	return c, cmp.Or(checkID(c.ID), c.Policy.Validate(), checkTime("occurred_at", contact.OccurredAt),
		visitor.CheckLimit("tags", len(c.Tags), visitor.MaxTags))
}

func checkTag(t tag.Tag) (tag.Tag, error) {
	d, err := tag.Draft{Name: t.Name, Color: t.Color, Description: t.Description}.Normalize()
	t.Name, t.Color, t.Description = d.Name, d.Color, d.Description
	return t, cmp.Or(err, checkID(t.ID), checkTime("created_at", t.CreatedAt))
}

func checkGroup(c driver.CreateGroup) (driver.Change, error) {
	g := c.Group
	d, err := group.Draft{Name: g.Name, Description: g.Description, Rule: g.Rule}.Normalize()
	g.Name, g.Description, g.Rule = d.Name, d.Description, d.Rule
	c.Group = g
	return c, cmp.Or(err, checkID(g.ID), checkTime("created_at", g.CreatedAt))
}

// checkID accepts ids in lower case. Visitors, tags and groups have ids of the same form.
func checkID[T ~string](id T) error {
	parsed, err := visitor.ParseID(string(id))
	if err == nil && string(parsed) != string(id) {
		err = text.Refuse("id", "not in lower case")
	}
	return err
}

// checkKeys checks the keys of tags.
func checkKeys(keys []string) error {
	for _, key := range keys {
		if key == "" || tag.Key(key) != key || len(key) > maxKeyText {
			return text.Refuse("tags", "not the key of a tag")
		}
	}
	return nil
}

func checkNote(field, s string) error {
	clean, err := text.Line(field, s, 200)
	if err == nil && clean != s {
		err = text.Refuse(field, "not normalised")
	}
	return err
}

// checkTime requires a time in UTC to the microsecond.
func checkTime(field string, t time.Time) error {
	if t.IsZero() {
		return text.Refuse(field, "missing")
	}
	return checkOptionalTime(field, t)
}

// checkOptionalTime is checkTime for optional times.
func checkOptionalTime(field string, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	if t.Location() != time.UTC || t.Nanosecond()%1_000 != 0 || t.Year() < 1 || t.Year() > 9999 {
		return text.Refuse(field, "want a time in UTC to the microsecond")
	}
	return nil
}
