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
	key, _, _ := driver.Sorting(o)
	if p.Name != "" && key != driver.ByName || p.Micros != 0 && key != driver.BySeen && key != driver.ByUpdated {
		return text.Refuse("after", "does not fit the order")
	}
	return cmp.Or(checkID(p.ID), checkKeyText("after", p.Name))
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
		if err := checkID(id); err != nil {
			return err
		}
	}
	if len(l.Keys)+len(l.IDs) > 0 {
		return nil
	}
	return checkLimit(l.Limit)
}

// checker normalises changes as a Workspace does, and refuses those that no Workspace would
// make.
type checker struct{ rules visitor.Rules }

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

func (k checker) createVisitor(c *driver.CreateVisitor) error {
	v := c.Visitor
	d, err := k.rules.Draft(visitor.Draft{
		Name: v.Name, Email: v.Email, Phone: v.Phone, Source: v.Source, Groups: c.Groups, Attributes: v.Attributes, CreatedAt: v.CreatedAt,
	}, v.CreatedAt)
	if err != nil {
		return err
	}
	for i := range v.Identities {
		if err := k.identity(&v.Identities[i]); err != nil {
			return err
		}
	}
	slices.SortFunc(v.Identities, visitor.Identity.Compare)
	switch created, ok := v.ID.Time(); {
	case len(slices.CompactFunc(slices.Clone(v.Identities), visitor.Identity.Is)) < len(v.Identities):
		return text.Refuse("identities", "the same source, account and external id twice")
	case !ok || !created.Equal(v.CreatedAt):
		return text.Refuse("id", "not a UUIDv7 with the creation time")
	case v.Revision != 1 || len(v.Tags)+len(v.Memberships)+len(v.Excluded)+len(v.Provenance) > 0:
		return text.Refuse("visitor", "not a new visitor")
	}
	c.Groups, c.Visitor = d.Groups, d.Visitor(v.ID, v.UpdatedAt)
	c.Visitor.Identities, c.Visitor.LastSeenAt = v.Identities, v.LastSeenAt
	return cmp.Or(c.Visitor.CheckLimits(), checkTime("created_at", v.CreatedAt), checkTime("updated_at", v.UpdatedAt),
		checkOptionalTime("last_seen_at", v.LastSeenAt), visitor.CheckLimit("tags", len(c.Tags), visitor.MaxTags), checkKeys(c.Tags))
}

func (k checker) updateVisitor(c *driver.UpdateVisitor) (err error) {
	c.Patch, err = k.rules.Patch(c.Patch)
	return cmp.Or(err, checkID(c.ID))
}

// identity normalises an identity except FirstSeen, LastSeen and UsernameAt, which it checks.
func (k checker) identity(i *visitor.Identity) error {
	first, last, named := i.FirstSeen, i.LastSeen, i.UsernameAt
	clean, err := k.rules.Identity(visitor.Identity{
		Source: i.Source, Account: i.Account, ExternalID: i.ExternalID, Username: i.Username,
		Inboxes: i.Inboxes, InboxTimes: i.InboxTimes,
	})
	clean.FirstSeen, clean.LastSeen, clean.UsernameAt = first, last, named
	*i = clean
	return cmp.Or(err, checkOptionalTime("first_seen", first), checkOptionalTime("last_seen", last),
		checkOptionalTime("username_at", named))
}

// capture refuses fields that a Workspace would have left out of a contact.
func (k checker) capture(c *driver.CaptureContact) error {
	contact, refused, err := k.rules.Contact(c.Contact, c.Contact.OccurredAt)
	c.Contact = contact
	if err := cmp.Or(append([]error{err}, refused...)...); err != nil {
		return err
	}
	for i := range c.Tags {
		if err := checkTag(&c.Tags[i]); err != nil {
			return err
		}
	}
	if _, ok := c.ID.Time(); !ok {
		return text.Refuse("id", "not a UUIDv7")
	}
	return cmp.Or(c.Policy.Validate(), checkTime("occurred_at", contact.OccurredAt),
		visitor.CheckLimit("tags", len(c.Tags), visitor.MaxTags))
}

func checkTag(t *tag.Tag) error {
	d, err := tag.Draft{Name: t.Name, Color: t.Color, Description: t.Description}.Normalize()
	t.Name, t.Color, t.Description = d.Name, d.Color, d.Description
	return cmp.Or(err, checkID(t.ID), checkTime("created_at", t.CreatedAt))
}

func (checker) createGroup(c *driver.CreateGroup) error {
	g := &c.Group
	d, err := group.Draft{Name: g.Name, Description: g.Description, Rule: g.Rule}.Normalize()
	g.Name, g.Description = d.Name, d.Description
	return cmp.Or(err, checkID(g.ID), checkTime("created_at", g.CreatedAt))
}

// checkID refuses an id that is missing or malformed. Visitors, tags and groups have ids of the
// same form.
func checkID[T ~string](id T) error {
	_, err := visitor.ParseID(string(id))
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
