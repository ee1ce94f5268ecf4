package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// awkwardTexts returns valid texts of one line that are often read back differently.
func awkwardTexts() []string {
	return append([]string{
		"a", " ", strings.Repeat("🔥", visitor.MaxName), strings.Repeat("é", visitor.MaxName), "Zoe\u0308", "Å", "\u212b", "ﬁ", "İ", "ı", "ẞ", "ς",
		"e\u0301\u0323", "\u0301x", "a\u0300\u0301\u0302\u0303\u0304\u0305", "\uFFFD", "\uFFFE", "\U0010FFFF", "\uE000", "x\u200Cy", "x\u200Dy", "\u2028", "０１２", "١٢٣", "true", "0", "-0", "1e5", "0x1F", "2026-01-01",
		"NaN", "undefined", "None", "nil", "{}", "[]", `{"a":1}`, "<script>alert(1)</script>", "=1+1", "+1", "-1", "@SUM(A1)", "\\N", "a,b", "a;b", "a\\", "\\\\", "'); DELETE FROM visitors; --", "ﷺ", "𝕏", "Ω", "ß", "K",
	}, literals...)
}

var textPromises = []promise{
	{"every valid text is read back unchanged, in every field", "Names are written in every script, and some look like code.", checkTextRoundTrip},
	{"names and descriptions of tags and groups are read back unchanged", "They are typed by the same people on the same keyboards.", checkTextOfTagsAndGroups},
	{"the longest valid values are stored completely", "Text that is silently truncated is lost.", checkTextLongest},
	{"a visitor can be in the maximum number of groups", "A limit of parameters or of a page must not lose memberships.", checkMaxGroups},
}

func checkTextRoundTrip(f *fixture) {
	var changes []driver.Change
	var want []visitor.Visitor
	for i, s := range awkwardTexts() {
		name, err := visitor.NormalizeName(s)
		if err != nil {
			continue // refused before a store gets it
		}
		clean, err := visitor.Rules{}.Identity(visitor.Identity{Source: visitor.Telegram, Account: name, ExternalID: fmt.Sprint(name[:min(len(name), 200)], i), Username: name[:min(len(name), 252)]})
		if err != nil {
			clean = visitor.Identity{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}
		}
		v := f.visitor(name)
		v.Identities = []visitor.Identity{clean}
		v.Attributes = visitor.Attributes{"text": visitor.Text(name), "lines": visitor.Text(name + "\n\t" + name), "list": visitor.List(name, "x", name)}
		c := create(v)
		c.Actor, c.Cause = name, name
		changes, want = append(changes, c), append(want, v)
	}
	if len(want) < 80 {
		f.Fatalf("only %d texts are allowed", len(want))
	}
	f.given(changes...)
	f.same("visitors", f.visitors(f.ws), want)
	for _, v := range want {
		f.same("a visitor that is read", f.get(v.ID), v)
		for _, e := range []filter.Expr{filter.Name.Is(v.Name), filter.Attr("list").Is(v.Name), filter.Search(v.Name)} {
			if filter.Validate(e) == nil {
				f.agree(e, want)
			}
		}
	}
}

func checkTextOfTagsAndGroups(f *fixture) {
	var changes []driver.Change
	tags, groups := map[string]tag.Tag{}, map[string]group.Group{}
	for _, s := range awkwardTexts() {
		d, err := tag.Draft{Name: s, Description: s + "\n" + s}.Normalize()
		if err != nil {
			continue // refused before a store gets it
		}
		t, g := f.tag(d.Name), f.group(d.Name, filter.Name.Contains("'\"%_\\$1?"))
		t.Description, g.Description = d.Description, d.Description
		if key := tag.Key(d.Name); tags[key].ID == "" {
			tags[key], groups[key] = t, g
			changes = append(changes, driver.CreateTag{Tag: t}, driver.CreateGroup{Group: g})
		}
	}
	if len(tags) < 60 {
		f.Fatalf("only %d texts are allowed", len(tags))
	}
	v := f.visitor("Ada")
	f.given(append(changes, create(v))...)
	changes = nil
	for key, t := range tags {
		f.same("a tag by its key", f.listTags(driver.List{Keys: []string{key}}), []tag.Tag{t})
		f.same("a group by its key", f.listGroups(driver.List{Keys: []string{key}}), []group.Group{groups[key]})
		changes = append(changes, driver.AddTags{ID: v.ID, Tags: []string{key}, Audit: driver.Audit{At: v.CreatedAt, Actor: t.Name, Cause: t.Name}})
	}
	for _, out := range f.must(changes...) {
		f.same("effect", out.Effect, driver.Updated)
	}
	for _, a := range f.get(v.ID).Tags {
		if a.Actor != a.Name || a.Cause != a.Name {
			f.Errorf("tag %q was added by %q for %q", a.Name, a.Actor, a.Cause)
		}
	}
	f.same("how many tags", len(f.get(v.ID).Tags), len(tags))
}

func checkTextLongest(f *fixture) {
	v := f.visitor(strings.Repeat("🔥", visitor.MaxName))
	v.Email = strings.Repeat("a", 64) + "@" + strings.Repeat("b", 61) + "." + strings.Repeat("c", 61) + "." + strings.Repeat("d", 61) + ".ee"
	v.Phone = "+123456789012345"
	v.Attributes = visitor.Attributes{}
	var items []string
	for i := range visitor.MaxAttributeList {
		items = append(items, fmt.Sprintf("%03d%s", i, strings.Repeat("é", 500)))
	}
	for i := range visitor.MaxAttributes - 2 {
		v.Attributes[fmt.Sprintf("a%02d%s", i, strings.Repeat("x", visitor.MaxAttributeName-3))] = visitor.Text(fmt.Sprintf("%02d%s", i, strings.Repeat("y", visitor.MaxAttributeText-2)))
	}
	v.Attributes["list"], v.Attributes["text"] = visitor.List(items...), visitor.Text(strings.Repeat("日", visitor.MaxAttributeText/3))
	for i := range visitor.MaxIdentities {
		long := strings.Repeat("z", visitor.MaxIdentity-3)
		v.Identities = append(v.Identities, visitor.Identity{Source: visitor.Telegram, Account: long, ExternalID: fmt.Sprintf("%s%03d", long, i), Username: long})
	}
	t := f.tag(strings.Repeat("日", tag.MaxName))
	t.Description = strings.Repeat("d", tag.MaxDescription)
	g := f.group(strings.Repeat("日", group.MaxName), nil)
	g.Description = strings.Repeat("d", group.MaxDescription)
	v = inGroups(v, g.ID)
	f.given(driver.CreateTag{Tag: t}, driver.CreateGroup{Group: g}, create(v, t))
	f.same("the visitor", f.get(v.ID), with(v, t))
	f.same("tags", f.tags(f.ws), []tag.Tag{t})
	f.same("groups", f.groups(f.ws), []group.Group{g})
	f.agree(filter.Attr("list").HasPrefix("099é"), []visitor.Visitor{v})
	f.agree(filter.Email.HasSuffix(".ee"), []visitor.Visitor{v})
	f.agree(filter.Search(strings.Repeat("🔥", 100)), []visitor.Visitor{v})
}

func checkMaxGroups(f *fixture) {
	var changes []driver.Change
	var groups []group.ID
	for i := range visitor.MaxGroups {
		g := f.group(fmt.Sprintf("group %04d", i), nil)
		changes, groups = append(changes, driver.CreateGroup{Group: g}), append(groups, g.ID)
	}
	v := inGroups(f.visitor("Ada"), groups...)
	f.must(append(changes, create(v))...)
	f.same("the visitor", f.get(v.ID), v)
	f.same("the event", f.events(f.ws, visitor.MaxGroups)[0].Groups, v.Groups())
}
