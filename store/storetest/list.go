package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

func sorted[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return list
}

// awkward are names whose order by key is not the order of their letters.
var awkward = []string{
	"b", "A", "ä c", "a-b", "ab", "a b", "Z", "é", "ß", "10", "9", "_", "ñ", "m", "日本", "🔥", "Ö", "zz", "%",
}

var listPromises = []promise{
	{
		name: "tags come in the order of their keys, page after page",
		why:  "An order that depends on the locale of a database differs from one back end to the next.",
		keep: func(r *room) {
			var tags []tag.Tag
			var changes []store.Change
			for _, name := range awkward {
				t := r.tag(name)
				tags, changes = append(tags, t), append(changes, store.CreateTag{Tag: t})
			}
			r.given(changes...)
			slices.SortFunc(tags, func(a, b tag.Tag) int { return cmp.Compare(tag.Key(a.Name), tag.Key(b.Name)) })
			r.same("tags", r.tags(r.ws), tags)
			for _, size := range []int{1, 3, 7, len(tags), 500} {
				var got []tag.Tag
				for after := ""; ; {
					page, err := r.st.ListTags(r.Context(), r.ws, store.List{After: after, Limit: size})
					if err != nil || len(page) > size {
						r.Fatalf("list tags: %d in a page of %d, error %v", len(page), size, err)
					}
					got = append(got, page...)
					if len(page) == 0 {
						break
					}
					after = tag.Key(page[len(page)-1].Name)
				}
				r.same(fmt.Sprintf("tags in pages of %d", size), got, tags)
			}
			r.same("tags after a key that nobody has", tagNames(r.listTags(store.List{After: "aa", Limit: 3})), tagNames(tags[slices.IndexFunc(tags, func(t tag.Tag) bool { return tag.Key(t.Name) > "aa" }):][:3]))
		},
	},
	{
		name: "groups come in the order of their keys, page after page",
		why:  "An order that depends on the locale of a database differs from one back end to the next.",
		keep: func(r *room) {
			var groups []group.Group
			var changes []store.Change
			for _, name := range awkward {
				g := r.group(name, nil)
				groups, changes = append(groups, g), append(changes, store.CreateGroup{Group: g})
			}
			r.given(changes...)
			slices.SortFunc(groups, func(a, b group.Group) int { return cmp.Compare(group.Key(a.Name), group.Key(b.Name)) })
			r.same("groups", r.groups(r.ws), groups)
			for _, size := range []int{1, 6, 500} {
				var got []group.Group
				for after := ""; ; {
					page, err := r.st.ListGroups(r.Context(), r.ws, store.List{After: after, Limit: size})
					if err != nil || len(page) > size {
						r.Fatalf("list groups: %d in a page of %d, error %v", len(page), size, err)
					}
					got = append(got, page...)
					if len(page) == 0 {
						break
					}
					after = group.Key(page[len(page)-1].Name)
				}
				r.same(fmt.Sprintf("groups in pages of %d", size), got, groups)
			}
		},
	},
	{
		name: "wanted tags and groups are listed by key and by id, without those that are not there",
		why:  "A filter names tags by name, a rule by id; both are looked up before every search.",
		keep: func(r *room) {
			vip, lead, cold := r.tag("vip"), r.tag("Hot Lead"), r.tag("cold")
			team, crew := r.group("Team", nil), r.group("Crew", nil)
			elsewhere := r.tag("elsewhere")
			r.besides(store.CreateTag{Tag: elsewhere})
			r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateTag{Tag: cold}, store.CreateGroup{Group: team}, store.CreateGroup{Group: crew})
			r.same("tags by key", r.listTags(store.List{Keys: []string{"vip", "nobody", "hot lead", "elsewhere"}}), []tag.Tag{lead, vip})
			r.same("tags by id", r.listTags(store.List{IDs: []string{string(vip.ID), string(elsewhere.ID), string(cold.ID), string(team.ID)}}), []tag.Tag{cold, vip})
			r.same("tags by a key that is not there", r.listTags(store.List{Keys: []string{"nobody"}}), []tag.Tag(nil))
			r.same("groups by key", r.listGroups(store.List{Keys: []string{"team", "nobody", "crew"}}), []group.Group{crew, team})
			r.same("groups by id", r.listGroups(store.List{IDs: []string{string(team.ID), string(vip.ID)}}), []group.Group{team})
			r.same("groups by an id that is not there", r.listGroups(store.List{IDs: []string{string(elsewhere.ID)}}), []group.Group(nil))
		},
	},
	{
		name: "a thousand tags are listed by key and by id at once",
		why:  "A thousand is what a caller may ask for; a database's limit on parameters is not the caller's business.",
		keep: func(r *room) {
			var changes []store.Change
			var keys, ids []string
			var tags []tag.Tag
			for i := range 1_000 {
				t := r.tag(fmt.Sprintf("tag %04d", i))
				tags, keys, ids, changes = append(tags, t), append(keys, t.Name), append(ids, string(t.ID)), append(changes, store.CreateTag{Tag: t})
			}
			r.must(changes...)
			r.same("tags by key", r.listTags(store.List{Keys: keys}), tags)
			r.same("tags by id", r.listTags(store.List{IDs: ids}), tags)
			r.same("tags page by page", r.tags(r.ws), tags)
		},
	},
}

func tagNames(tags []tag.Tag) []string {
	var names []string
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return names
}

func (r *room) listTags(l store.List) []tag.Tag {
	r.Helper()
	tags, err := r.st.ListTags(r.Context(), r.ws, l)
	if err != nil {
		r.Fatalf("list tags: %v", err)
	}
	return tags
}

func (r *room) listGroups(l store.List) []group.Group {
	r.Helper()
	groups, err := r.st.ListGroups(r.Context(), r.ws, l)
	if err != nil {
		r.Fatalf("list groups: %v", err)
	}
	return groups
}
