package storetest

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var limitPromises = []promise{
	{"a change that exceeds a limit of a visitor is refused", "A rule that tags endlessly must get an error, not a visitor that no page can show.", checkVisitorLimits},
}

func checkVisitorLimits(f *fixture) {
	v := f.visitor("Ada")
	v.Attributes = visitor.Attributes{}
	for i := range visitor.MaxAttributes {
		v.Attributes[fmt.Sprint("a", i)] = visitor.Number(float64(i))
	}
	var changes []driver.Change
	var tags []tag.Tag
	for i := range visitor.MaxTags + 1 {
		tags = append(tags, f.tag(fmt.Sprint("tag ", i)))
		changes = append(changes, driver.CreateTag{Tag: tags[i]})
	}
	var groups []group.ID
	for i := range visitor.MaxGroups + 1 {
		g := f.group(fmt.Sprint("group ", i), nil)
		groups = append(groups, g.ID)
		changes = append(changes, driver.CreateGroup{Group: g})
	}
	v = inGroups(v, groups[:visitor.MaxGroups]...)
	f.given(append(changes, create(v, tags[:visitor.MaxTags]...))...)
	for field, change := range map[string]driver.Change{
		"attributes": driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: visitor.Attributes{"one-more": visitor.Bool(true)}}, Audit: f.audit()},
		"tags":       driver.AddTags{ID: v.ID, Tags: keys(tags[visitor.MaxTags]), Audit: f.audit()},
		"groups":     driver.AddToGroup{Group: groups[visitor.MaxGroups], ID: v.ID, Audit: f.audit()},
	} {
		err := f.unchanged(change)
		var refused *visitor.FieldError
		if !errors.As(err, &refused) || refused.Field != field {
			f.Errorf("one more than the limit of %s: %v, want a *visitor.FieldError", field, err)
		}
	}
}
