package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
)

func sorted[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return list
}

// awkwardNames are names whose order by key differs from their order as text.
var awkwardNames = []string{
	"b", "A", "ä c", "a-b", "ab", "a b", "Z", "é", "ß", "10", "9", "_", "ñ", "m", "日本", "🔥", "Ö", "zz", "%",
}

var listPromises = []promise{
	{"tags are listed by key, page after page", "An order that depends on the locale of a database differs between back ends.", checkTagOrder},
	{"groups are listed by key, page after page", "An order that depends on the locale of a database differs between back ends.", checkGroupOrder},
	{"tags and groups are listed by key and by id, without those that do not exist", "A filter names tags by name, a rule by id; both are looked up before every search.", checkListByKeyAndID},
	{"a thousand tags are listed by key and by id in one call", "A caller may ask for a thousand; a database's limit on parameters is not the caller's concern.", checkListThousand},
}

func checkTagOrder(f *fixture) {
	var tags []tag.Tag
	var changes []driver.Change
	for _, name := range awkwardNames {
		t := f.tag(name)
		tags, changes = append(tags, t), append(changes, driver.CreateTag{Tag: t})
	}
	f.given(changes...)
	slices.SortFunc(tags, func(a, b tag.Tag) int { return cmp.Compare(tag.Key(a.Name), tag.Key(b.Name)) })
	f.same("tags", f.tags(f.ws), tags)
	for _, size := range []int{1, 3, 7, len(tags), 500} {
		var got []tag.Tag
		for after := ""; ; {
			page, err := f.st.ListTags(f.Context(), f.ws, driver.List{After: after, Limit: size})
			if err != nil || len(page) > size {
				f.Fatalf("list tags: %d in a page of %d, error %v", len(page), size, err)
			}
			got = append(got, page...)
			if len(page) == 0 {
				break
			}
			after = tag.Key(page[len(page)-1].Name)
		}
		f.same(fmt.Sprintf("tags in pages of %d", size), got, tags)
	}
	f.same("tags after a key that does not exist", tagNames(f.listTags(driver.List{After: "aa", Limit: 3})), tagNames(tags[slices.IndexFunc(tags, func(t tag.Tag) bool { return tag.Key(t.Name) > "aa" }):][:3]))
}

func checkGroupOrder(f *fixture) {
	var groups []group.Group
	var changes []driver.Change
	for _, name := range awkwardNames {
		g := f.group(name, nil)
		groups, changes = append(groups, g), append(changes, driver.CreateGroup{Group: g})
	}
	f.given(changes...)
	slices.SortFunc(groups, func(a, b group.Group) int { return cmp.Compare(group.Key(a.Name), group.Key(b.Name)) })
	f.same("groups", f.groups(f.ws), groups)
	for _, size := range []int{1, 6, 500} {
		var got []group.Group
		for after := ""; ; {
			page, err := f.st.ListGroups(f.Context(), f.ws, driver.List{After: after, Limit: size})
			if err != nil || len(page) > size {
				f.Fatalf("list groups: %d in a page of %d, error %v", len(page), size, err)
			}
			got = append(got, page...)
			if len(page) == 0 {
				break
			}
			after = group.Key(page[len(page)-1].Name)
		}
		f.same(fmt.Sprintf("groups in pages of %d", size), got, groups)
	}
}

func checkListByKeyAndID(f *fixture) {
	vip, lead, cold := f.tag("vip"), f.tag("Hot Lead"), f.tag("cold")
	team, crew := f.group("Team", nil), f.group("Crew", nil)
	elsewhere := f.tag("elsewhere")
	f.inNeighbour(driver.CreateTag{Tag: elsewhere})
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateTag{Tag: cold}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: crew})
	f.same("tags by key", f.listTags(driver.List{Keys: []string{"vip", "nobody", "hot lead", "elsewhere"}}), []tag.Tag{lead, vip})
	f.same("tags by id", f.listTags(driver.List{IDs: []string{string(vip.ID), string(elsewhere.ID), string(cold.ID), string(team.ID)}}), []tag.Tag{cold, vip})
	f.same("tags by a key that does not exist", f.listTags(driver.List{Keys: []string{"nobody"}}), []tag.Tag(nil))
	f.same("groups by key", f.listGroups(driver.List{Keys: []string{"team", "nobody", "crew"}}), []group.Group{crew, team})
	f.same("groups by id", f.listGroups(driver.List{IDs: []string{string(team.ID), string(vip.ID)}}), []group.Group{team})
	f.same("groups by an id that does not exist", f.listGroups(driver.List{IDs: []string{string(elsewhere.ID)}}), []group.Group(nil))
}

func checkListThousand(f *fixture) {
	var changes []driver.Change
	var keys, ids []string
	var tags []tag.Tag
	for i := range 1_000 {
		t := f.tag(fmt.Sprintf("tag %04d", i))
		tags, keys, ids, changes = append(tags, t), append(keys, t.Name), append(ids, string(t.ID)), append(changes, driver.CreateTag{Tag: t})
	}
	f.must(changes...)
	f.same("tags by key", f.listTags(driver.List{Keys: keys}), tags)
	f.same("tags by id", f.listTags(driver.List{IDs: ids}), tags)
	f.same("tags page by page", f.tags(f.ws), tags)
}

func tagNames(tags []tag.Tag) []string {
	var names []string
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return names
}

func (f *fixture) listTags(l driver.List) []tag.Tag {
	f.Helper()
	tags, err := f.st.ListTags(f.Context(), f.ws, l)
	if err != nil {
		f.Fatalf("list tags: %v", err)
	}
	return tags
}

func (f *fixture) listGroups(l driver.List) []group.Group {
	f.Helper()
	groups, err := f.st.ListGroups(f.Context(), f.ws, l)
	if err != nil {
		f.Fatalf("list groups: %v", err)
	}
	return groups
}
