package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// hostile returns texts of one line that are allowed and often come back otherwise.
func hostile() []string {
	return append([]string{
		"a", " ", strings.Repeat("🔥", visitor.MaxName), strings.Repeat("é", visitor.MaxName), "Zoe\u0308", "Å", "\u212b", "ﬁ", "İ", "ı", "ẞ", "ς",
		"e\u0301\u0323", "\u0301x", "a\u0300\u0301\u0302\u0303\u0304\u0305", "\uFFFD", "\uFFFE", "\U0010FFFF", "\uE000", "x\u200Cy", "x\u200Dy", "\u2028", "０１２", "١٢٣", "true", "0", "-0", "1e5", "0x1F", "2026-01-01",
		"NaN", "undefined", "None", "nil", "{}", "[]", `{"a":1}`, "<script>alert(1)</script>", "=1+1", "+1", "-1", "@SUM(A1)", "\\N", "a,b", "a;b", "a\\", "\\\\", "'); DELETE FROM visitors; --", "ﷺ", "𝕏", "Ω", "ß", "K",
	}, literals...)
}

var textPromises = []promise{
	{
		name: "every text that is allowed reads as it was written, wherever it stands",
		why:  "Names are written in every script, and some look like code.",
		keep: func(r *room) {
			var changes []store.Change
			var want []visitor.Visitor
			for i, s := range hostile() {
				name, err := visitor.NormalizeName(s)
				if err != nil {
					continue // refused before any store sees it
				}
				clean, err := visitor.Rules{}.Identity(visitor.Identity{Source: visitor.Telegram, Account: name, ExternalID: fmt.Sprint(name[:min(len(name), 200)], i), Username: name[:min(len(name), 252)]})
				if err != nil {
					clean = visitor.Identity{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}
				}
				v := r.visitor(name)
				v.Identities = []visitor.Identity{clean}
				v.Attributes = visitor.Attributes{"text": visitor.Text(name), "lines": visitor.Text(name + "\n\t" + name), "list": visitor.List(name, "x", name)}
				c := create(v)
				c.By, c.Cause = name, name
				changes, want = append(changes, c), append(want, v)
			}
			if len(want) < 80 {
				r.Fatalf("only %d texts are allowed", len(want))
			}
			r.given(changes...)
			r.same("visitors", r.visitors(r.ws), want)
			for _, v := range want {
				r.same("a visitor that is got", r.get(v.ID), v)
				for _, e := range []filter.Expr{filter.Name.Is(v.Name), filter.Attr("list").Is(v.Name), filter.Search(v.Name)} {
					if filter.Validate(e) == nil {
						r.agree(e, want)
					}
				}
			}
		},
	},
	{
		name: "names and notes of tags and groups read as they were written",
		why:  "They are typed by the same people on the same keyboards.",
		keep: func(r *room) {
			var changes []store.Change
			tags, groups := map[string]tag.Tag{}, map[string]group.Group{}
			for _, s := range hostile() {
				d, err := tag.Draft{Name: s, Description: s + "\n" + s}.Normalize()
				if err != nil {
					continue // refused before any store sees it
				}
				t, g := r.tag(d.Name), r.group(d.Name, filter.Name.Contains("'\"%_\\$1?"))
				t.Description, g.Description = d.Description, d.Description
				if key := tag.Key(d.Name); tags[key].ID == "" {
					tags[key], groups[key] = t, g
					changes = append(changes, store.CreateTag{Tag: t}, store.CreateGroup{Group: g})
				}
			}
			if len(tags) < 60 {
				r.Fatalf("only %d texts are allowed", len(tags))
			}
			v := r.visitor("Ada")
			r.given(append(changes, create(v))...)
			changes = nil
			for key, t := range tags {
				r.same("a tag by its key", r.listTags(store.List{Keys: []string{key}}), []tag.Tag{t})
				r.same("a group by its key", r.listGroups(store.List{Keys: []string{key}}), []group.Group{groups[key]})
				changes = append(changes, store.AddTags{ID: v.ID, Tags: []string{key}, At: v.CreatedAt, By: t.Name, Cause: t.Name})
			}
			for _, out := range r.must(changes...) {
				r.same("effect", out.Effect, store.Updated)
			}
			for _, a := range r.get(v.ID).Tags {
				if a.By != a.Name || a.Cause != a.Name {
					r.Errorf("tag %q was put on by %q for %q", a.Name, a.By, a.Cause)
				}
			}
			r.same("how many tags", len(r.get(v.ID).Tags), len(tags))
		},
	},
	{
		name: "the longest values that are allowed are kept whole",
		why:  "What is cut without a word is lost.",
		keep: func(r *room) {
			v := r.visitor(strings.Repeat("🔥", visitor.MaxName))
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
			t := r.tag(strings.Repeat("日", tag.MaxName))
			t.Description = strings.Repeat("d", tag.MaxDescription)
			g := r.group(strings.Repeat("日", group.MaxName), nil)
			g.Description = strings.Repeat("d", group.MaxDescription)
			v.Groups = []group.ID{g.ID}
			r.given(store.CreateTag{Tag: t}, store.CreateGroup{Group: g}, create(v, t))
			r.same("the visitor", r.get(v.ID), with(v, t))
			r.same("tags", r.tags(r.ws), []tag.Tag{t})
			r.same("groups", r.groups(r.ws), []group.Group{g})
			r.agree(filter.Attr("list").HasPrefix("099é"), []visitor.Visitor{v})
			r.agree(filter.Email.HasSuffix(".ee"), []visitor.Visitor{v})
			r.agree(filter.Search(strings.Repeat("🔥", 100)), []visitor.Visitor{v})
		},
	},
	{
		name: "a visitor may be in as many groups as is allowed",
		why:  "A limit of parameters or of a page must not lose memberships.",
		keep: func(r *room) {
			var changes []store.Change
			v := r.visitor("Ada")
			for i := range visitor.MaxGroups {
				g := r.group(fmt.Sprintf("group %04d", i), nil)
				changes, v.Groups = append(changes, store.CreateGroup{Group: g}), append(v.Groups, g.ID)
			}
			v.Groups = sorted(v.Groups)
			r.must(append(changes, create(v))...)
			r.same("the visitor", r.get(v.ID), v)
			r.same("the event", r.events(r.ws, visitor.MaxGroups)[0].Groups, v.Groups)
		},
	},
}
