package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var tagPromises = []promise{
	{
		name: "a tag reads as it was created",
		why:  "Teams read tags by their words and their colours.",
		keep: func(r *room) {
			vip := r.tag("VIP Kunde")
			vip.Color, vip.Description = "#123456", "pays at once\nand returns"
			out := r.given(store.CreateTag{Tag: vip})
			r.same("outcome", out, []store.Outcome{{Effect: store.Created, Tag: vip}})
			r.same("tags", r.tags(r.ws), []tag.Tag{vip})
		},
	},
	{
		name: "spellings of one name are one tag",
		why:  "Two tags that look alike split a segment in two, and nobody notices.",
		keep: func(r *room) {
			cafe := r.tag("Café Gäste")
			r.given(store.CreateTag{Tag: cafe})
			for _, spelling := range []string{"Café Gäste", "café gäste", "CAFE GASTE", "Cafe\u0301 Ga\u0308ste", "Ｃａｆé  gäste"} {
				again := r.tag(spelling)
				r.refused(store.ErrExists, "tag", string(cafe.ID), 0, store.CreateTag{Tag: again})
				out := r.must(store.EnsureTag{Tag: again})
				r.same("outcome", out, []store.Outcome{{Effect: store.Unchanged, Tag: cafe}})
			}
			r.same("tags", r.tags(r.ws), []tag.Tag{cafe})
		},
	},
	{
		name: "a tag that is named is made once",
		why:  "Tags are made on the fly; the first spelling is the one that people see.",
		keep: func(r *room) {
			first, second := r.tag("Hot Lead"), r.tag("hot lead")
			out := r.given(store.EnsureTag{Tag: first}, store.EnsureTag{Tag: second})
			r.same("outcomes", out, []store.Outcome{{Effect: store.Created, Tag: first}, {Effect: store.Unchanged, Tag: first}})
			r.same("tags", r.tags(r.ws), []tag.Tag{first})
		},
	},
	{
		name: "the id of a tag is taken once",
		why:  "Saved rules name tags by id.",
		keep: func(r *room) {
			vip, other := r.tag("vip"), r.tag("other")
			r.given(store.CreateTag{Tag: vip})
			other.ID = vip.ID
			r.refused(store.ErrExists, "tag", string(vip.ID), 0, store.CreateTag{Tag: other})
		},
	},
	{
		name: "a tag that is put on tells when, by whom and why, for the first time it was put on",
		why:  "A campaign asks who tagged a person and when; tagging again must not rewrite that.",
		keep: func(r *room) {
			vip, lead, cold := r.tag("vip"), r.tag("Hot Lead"), r.tag("cold")
			v := r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateTag{Tag: cold}, create(v))
			want, at := v, r.now()
			want.Tags = []tag.Assignment{{Tag: vip.ID, Name: "vip", Color: vip.Color, At: at, By: "ann", Cause: "call"}}
			r.effects(r.must(store.AddTags{ID: v.ID, Tags: keys(vip), At: at, By: "ann", Cause: "call"}), store.Updated)
			r.same("the visitor", r.get(v.ID), want)
			r.effects(r.must(store.AddTags{ID: v.ID, Tags: keys(vip), At: r.now(), By: "bob", Cause: "mail"}), store.Unchanged)
			r.same("the visitor tagged again", r.get(v.ID), want)
			more := r.now()
			want.Tags = []tag.Assignment{
				{Tag: lead.ID, Name: "Hot Lead", Color: lead.Color, At: more}, {Tag: cold.ID, Name: "cold", Color: cold.Color, At: more}, want.Tags[0],
			}
			r.effects(r.must(store.AddTags{ID: v.ID, Tags: keys(vip, cold, lead), At: more}), store.Updated)
			r.same("the visitor with more tags", r.get(v.ID), want)
			r.same("the visitor found", r.visitors(r.ws), []visitor.Visitor{want})
		},
	},
	{
		name: "tags are taken off, and those that are not there do not matter",
		why:  "Taking a tag off a list of people must work although some do not carry it.",
		keep: func(r *room) {
			vip, lead, cold := r.tag("vip"), r.tag("Hot Lead"), r.tag("cold")
			v, other := r.visitor("Ada"), r.visitor("Bob")
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateTag{Tag: cold}, create(v, vip, lead), create(other, vip, lead))
			r.effects(r.must(
				store.RemoveTags{ID: v.ID, Tags: []string{"cold"}, At: r.now()},
				store.RemoveTags{ID: v.ID, Tags: []string{"no such tag"}, At: r.now()},
				store.RemoveTags{ID: v.ID, Tags: []string{"cold", "no such tag", "vip"}, At: r.now()},
				store.RemoveTags{ID: v.ID, Tags: []string{"vip"}, At: r.now()},
			), store.Unchanged, store.Unchanged, store.Updated, store.Unchanged)
			r.same("the visitor", r.get(v.ID), with(v, lead))
			r.same("the other visitor", r.get(other.ID), with(other, lead, vip))
			r.same("who carries the tag", r.matches(filter.Tag.Has("vip")), "Bob")
		},
	},
	{
		name: "tagging a visitor that is not there is told, not an error",
		why:  "In a bulk of a thousand people somebody has always just been deleted.",
		keep: func(r *room) {
			vip, v, nobody := r.tag("vip"), r.visitor("Ada"), r.visitor("Nobody")
			r.besides(store.CreateTag{Tag: vip}, create(v), create(nobody))
			r.must(store.CreateTag{Tag: vip}, create(v))
			r.effects(r.must(
				store.AddTags{ID: nobody.ID, Tags: keys(vip), At: r.now()},
				store.AddTags{ID: v.ID, Tags: keys(vip), At: r.now()},
				store.RemoveTags{ID: nobody.ID, Tags: keys(vip), At: r.now()},
			), store.Missing, store.Updated, store.Missing)
			r.same("who carries the tag", r.matches(filter.Tag.Has("vip")), "Ada")
			r.same("how many carry the tag", r.count(filter.Tag.Has("vip")), int64(1))
		},
	},
	{
		name: "a tag that does not exist cannot be put on",
		why:  "A misspelt tag that vanishes without a word is a lost lead.",
		keep: func(r *room) {
			vip, v := r.tag("vip"), r.visitor("Ada")
			lead := r.tag("Hot Lead")
			r.besides(store.CreateTag{Tag: lead})
			r.given(store.CreateTag{Tag: vip}, create(v))
			r.refused(store.ErrNotFound, "tag", "", 0, store.AddTags{ID: v.ID, Tags: keys(vip, lead), At: r.now()})
		},
	},
	{
		name: "a renamed tag stays on everybody who carries it",
		why:  "Renaming is a change of words, not of what was said about people.",
		keep: func(r *room) {
			vip, lead := r.tag("vip"), r.tag("Hot Lead")
			v := r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, create(v, vip, lead))
			renamed := vip
			renamed.Name, renamed.Color, renamed.Description = "Best", "#abcdef", "the best"
			out := r.must(store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("Best"), Color: ptr(tag.Color("#abcdef")), Description: ptr("the best")}, At: r.now()})
			r.same("outcome", out, []store.Outcome{{Effect: store.Updated, Tag: renamed}})
			r.same("tags", r.tags(r.ws), []tag.Tag{renamed, lead})
			want := with(v, renamed, lead)
			r.same("the visitor", r.get(v.ID), want)
			r.same("the visitor found", r.find(store.Select{Where: r.bind(filter.Tag.Has("best")), Order: store.NewestFirst, Limit: 9}), []visitor.Visitor{want})
			vipAgain := r.tag("VIP")
			r.effects(r.must(store.EnsureTag{Tag: vipAgain}), store.Created)
			r.same("who carries the new tag with the old name", r.matches(filter.Tag.Has("vip")), "")
		},
	},
	{
		name: "a tag can be spelled anew but not named like another",
		why:  "Two tags with one name cannot be told apart.",
		keep: func(r *room) {
			vip, lead, v := r.tag("vip"), r.tag("Hot Lead"), r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, create(v, vip))
			r.refused(store.ErrExists, "tag", string(lead.ID), 0, store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("HOT  lead")}, At: r.now()})
			spelled := vip
			spelled.Name = "VÍP"
			r.same("outcome", r.must(store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("VÍP")}, At: r.now()}), []store.Outcome{{Effect: store.Updated, Tag: spelled}})
			r.same("the visitor", r.get(v.ID), with(v, spelled))
		},
	},
	{
		name: "an update of a tag that changes nothing is none, and of no tag is not found",
		why:  "Whoever reads the events must not be told of changes that were none.",
		keep: func(r *room) {
			vip, gone := r.tag("vip"), r.tag("gone")
			r.besides(store.CreateTag{Tag: gone})
			r.given(store.CreateTag{Tag: vip})
			out := r.must(
				store.UpdateTag{ID: vip.ID, Patch: tag.Patch{}, At: r.now()},
				store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("vip"), Color: ptr(vip.Color), Description: ptr("")}, At: r.now()},
			)
			r.same("outcomes", out, []store.Outcome{{Effect: store.Unchanged, Tag: vip}, {Effect: store.Unchanged, Tag: vip}})
			r.refused(store.ErrNotFound, "tag", string(gone.ID), 0, store.UpdateTag{ID: gone.ID, Patch: tag.Patch{Name: ptr("new")}, At: r.now()})
		},
	},
	{
		name: "a deleted tag is on nobody",
		why:  "A tag that lingers on people cannot be taken off any more.",
		keep: func(r *room) {
			vip, lead := r.tag("vip"), r.tag("Hot Lead")
			a, b := r.visitor("Ada"), r.visitor("Bob")
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, create(a, vip, lead), create(b, vip))
			r.effects(r.must(store.DeleteTag{ID: vip.ID, At: r.now()}, store.DeleteTag{ID: vip.ID, At: r.now()}), store.Deleted, store.Missing)
			r.same("tags", r.tags(r.ws), []tag.Tag{lead})
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{with(a, lead), b})
			r.same("who carries any tag", r.matches(filter.Tag.Exists()), "Ada")
			r.same("who carries the tag by its id", r.matches(filter.Tag.HasID(vip.ID)), "")
			r.must(store.CreateTag{Tag: vip})
			r.same("who carries the tag when it is made anew", r.matches(filter.Tag.Has("vip")), "")
			r.same("how many carry it", r.count(filter.Tag.HasID(vip.ID)), int64(0))
		},
	},
	{
		name: "tags touch neither revision nor time of a visitor",
		why:  "Tagging a thousand people must not refuse the edits that others have open on their profiles.",
		keep: func(r *room) {
			vip, v := r.tag("vip"), r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, create(v))
			r.must(store.AddTags{ID: v.ID, Tags: keys(vip), At: r.now()})
			r.must(store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("best")}, At: r.now()})
			r.must(store.RemoveTags{ID: v.ID, Tags: []string{"best"}, At: r.now()})
			r.same("the visitor", r.get(v.ID), v)
			r.effects(r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, At: r.now()}), store.Updated)
		},
	},
	{
		name: "a tag put on again after it was taken off is put on anew",
		why:  "A customer who comes back came back today.",
		keep: func(r *room) {
			vip, v := r.tag("vip"), r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, create(v, vip))
			r.must(store.RemoveTags{ID: v.ID, Tags: keys(vip), At: r.now()})
			at := r.now().Add(time.Hour)
			r.must(store.AddTags{ID: v.ID, Tags: keys(vip), At: at, By: "bob"})
			want := v
			want.Tags = []tag.Assignment{{Tag: vip.ID, Name: "vip", Color: vip.Color, At: at, By: "bob"}}
			r.same("the visitor", r.get(v.ID), want)
		},
	},
	{
		name: "one visitor carries many tags and one tag is on many visitors",
		why:  "Limits of a statement or of a page must not cut lists of tags short.",
		keep: func(r *room) {
			var changes []store.Change
			var tags []tag.Tag
			for i := range visitor.MaxTags {
				t := r.tag(fmt.Sprintf("tag %03d", i))
				tags, changes = append(tags, t), append(changes, store.CreateTag{Tag: t})
			}
			var made []visitor.Visitor
			for range 30 {
				v := r.visitor("Ada")
				made, changes = append(made, with(v, tags...)), append(changes, create(v, tags...))
			}
			r.given(changes...)
			r.same("the visitors", r.visitors(r.ws), made)
			r.same("how many carry the last tag", r.count(filter.Tag.HasID(tags[visitor.MaxTags-1].ID)), int64(30))
		},
	},
}
