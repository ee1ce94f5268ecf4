package storetest

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var limitPromises = []promise{
	{
		name: "a visitor does not gather more than its limits",
		why:  "A rule that tags for ever must meet an error, not a visitor that no page can show.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			changes := []store.Change{create(v)}
			full := visitor.Attributes{}
			for i := range visitor.MaxAttributes {
				full[fmt.Sprint("a", i)] = visitor.Number(float64(i))
			}
			changes = append(changes, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: full}, At: r.now()})
			var tags []tag.Tag
			for i := range visitor.MaxTags + 1 {
				tags = append(tags, r.tag(fmt.Sprint("tag ", i)))
				changes = append(changes, store.CreateTag{Tag: tags[i]})
			}
			changes = append(changes, store.AddTags{ID: v.ID, Tags: keys(tags[:visitor.MaxTags]...), At: r.now()})
			var groups []group.ID
			for i := range visitor.MaxGroups + 1 {
				g := r.group(fmt.Sprint("group ", i), nil)
				groups = append(groups, g.ID)
				changes = append(changes, store.CreateGroup{Group: g})
				if i < visitor.MaxGroups {
					changes = append(changes, store.JoinGroup{Group: g.ID, ID: v.ID, At: r.now()})
				}
			}
			r.given(changes...)
			for field, change := range map[string]store.Change{
				"attributes": store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: visitor.Attributes{"one-more": visitor.Bool(true)}}, At: r.now()},
				"tags":       store.AddTags{ID: v.ID, Tags: keys(tags[visitor.MaxTags]), At: r.now()},
				"groups":     store.JoinGroup{Group: groups[visitor.MaxGroups], ID: v.ID, At: r.now()},
			} {
				err := r.unchanged(change)
				var refused *visitor.FieldError
				if !errors.As(err, &refused) || refused.Field != field {
					r.Errorf("one more than the limit of %s: %v, want a *visitor.FieldError", field, err)
				}
			}
		},
	},
}
