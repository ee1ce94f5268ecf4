package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// labels is how many tags and groups are made for the largest filters.
const labels = filter.MaxList

// ruled is how many of the groups have a rule.
const ruled = 60

// forLargest returns the changes that make the tags and groups that the largest filters name,
// and rows visitors that match parts of them.
func (m *maker) forLargest(rows int) (first []driver.Change, visitors []driver.CreateVisitor) {
	var tags []tag.Tag
	var groups []group.ID
	for i := range labels {
		t, g := m.tag(label("tag", i)), m.group(label("group", i), nil)
		tags, groups = append(tags, t), append(groups, g.ID)
		first = append(first, driver.CreateTag{Tag: t}, driver.CreateGroup{Group: g})
	}
	for i := range ruled {
		rule := filter.Or(times(9, func(k int) filter.Expr { return smallLeaf(10*i + 5 + k) })...) // all kinds but groups
		first = append(first, driver.CreateGroup{Group: m.group(label("rule", i), rule)})
	}
	for i := range rows {
		at := day(2026, 1, 1).Add(time.Duration(i) * time.Minute)
		v := m.visitorAt(fmt.Sprintf("Ada Lovelace %d", i), at)
		v.Source = visitor.Sources()[i%5]
		v.Email, v.Phone = fmt.Sprintf("ada.%d@example.com", i), fmt.Sprintf("+5511%09d", 7*i)
		v.LastSeenAt = at.Add(time.Hour)
		v.Identities = []visitor.Identity{
			{Source: visitor.Telegram, Account: label("bot", i%3), ExternalID: fmt.Sprint(i)}, {Source: visitor.WhatsApp, ExternalID: fmt.Sprint("5511", i)},
		}
		v.Attributes = visitor.Attributes{
			"a": visitor.Number(float64(i) + 0.1), "t": visitor.Text(fmt.Sprintf("Note %d: %s", i, pangram)), "l": visitor.List("one", label("item", i), "three"),
			"w": visitor.Time(at), "b": visitor.Bool(i%2 == 0),
		}
		for k := range 4 {
			v.Attributes[label("x", i%64+64*k)] = visitor.Number(float64(k))
		}
		v = inGroups(v, groups[0], groups[1], groups[2+i%(labels-2)])
		visitors = append(visitors, create(v, tags[0], tags[1], tags[2], tags[3], tags[4+i%(labels-4)]))
	}
	return first, visitors
}

const pangram = "the quick brown fox jumps over the lazy dog, and nothing comes of it"

func label(kind string, i int) string { return fmt.Sprintf("%s%03d", kind, i) }

func times[T any](n int, of func(i int) T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = of(i)
	}
	return all
}

// smallLeaf returns a condition of one kind or another. Few visitors match it, or none.
func smallLeaf(i int) filter.Expr {
	switch i % 10 {
	case 0:
		return filter.Attr("t").Contains(fmt.Sprintf("note %d:", i))
	case 1:
		return filter.Tag.HasAll(label("tag", i%labels), label("tag", (i+1)%labels))
	case 2:
		return filter.Attr(label("x", i%256)).Equals(float64(i % 5))
	case 3:
		return filter.Email.HasPrefix(fmt.Sprintf("ada.%d@", i))
	case 4:
		return filter.Group.Has(label("group", i%labels))
	case 5:
		return filter.Identity.Is(visitor.Telegram, label("bot", i%3), fmt.Sprint(i))
	case 6:
		return filter.Search(fmt.Sprintf("lovelace %d", i))
	case 7:
		return filter.Attr("l").Is(label("item", i))
	case 8:
		return filter.And(filter.Attr("b").IsTrue(), filter.Attr("a").Between(float64(i), float64(i+1)))
	}
	return filter.Attr("w").Time().On(2026, time.January, 1+i%28)
}

// form is a filter and what it is made of.
type form struct {
	name string
	e    filter.Expr
}

// largest returns filters at the limits: of lists, of values, of conditions, of depth.
func largest() []form {
	const most, halves, thirds = filter.MaxNodes - 1, (filter.MaxNodes - 1) / 2, (filter.MaxNodes - 1) / 3
	list := func(kind string) []string { return times(filter.MaxList, func(i int) string { return label(kind, i) }) }
	or := func(n int, of func(i int) filter.Expr) filter.Expr { return filter.Or(times(n, of)...) }
	and := func(n int, of func(i int) filter.Expr) filter.Expr { return filter.And(times(n, of)...) }
	not := func(of func(i int) filter.Expr) func(i int) filter.Expr {
		return func(i int) filter.Expr { return filter.Not(of(i)) }
	}
	values := func(field, attr string, of func(i int) filter.Value) filter.Expr {
		return or(4, func(k int) filter.Expr {
			return filter.Condition{Field: field, Attr: attr, Op: filter.OpIn, Values: times(filter.MaxList, func(i int) filter.Value { return of(3 * (1_000*k + i)) })}
		})
	}
	text := func(format string) func(i int) filter.Value {
		return func(i int) filter.Value { return filter.Value{Kind: filter.TextValue, Text: fmt.Sprintf(format, i)} }
	}
	tagged := func(i int) filter.Expr { return filter.Tag.Has(label("tag", i)) }
	contains := func(i int) filter.Expr { return filter.Attr("t").Contains(fmt.Sprintf("te %d0:", i)) }
	part := func(i int) filter.Expr {
		return filter.Attr("t").Contains(pangram[i%(len(pangram)-5):][:2+i/(len(pangram)-5)])
	}
	has := func(i int) filter.Expr { return filter.Attr(label("x", i)).Exists() }
	mixed := func(i int) filter.Expr { return smallLeaf(10 * i / 13) }
	within := func(i int) filter.Expr { return filter.Attr("a").Between(float64(20*i), float64(20*i+1)) }
	deep := filter.Or(smallLeaf(7), smallLeaf(9))
	for level := range filter.MaxDepth / 2 {
		leaves := times(22, func(i int) filter.Expr { return smallLeaf(13*level + i) })
		if level%2 == 0 {
			deep = filter.And(filter.Not(deep), filter.Or(leaves...))
		} else {
			deep = filter.Or(append(leaves, deep)...)
		}
	}
	return []form{
		{"TagAll1000", filter.Tag.HasAll(list("tag")...)},
		{"And250Tags", and(250, tagged)},
		{"Or4x1000Numbers", values("attr", "a", func(i int) filter.Value { return filter.Value{Kind: filter.NumberValue, Number: float64(i) + 0.1} })},
		{"TagsAndNumbers", filter.And(filter.Tag.HasAny(list("tag")[2:18]...),
			values("attr", "a", func(i int) filter.Value { return filter.Value{Kind: filter.NumberValue, Number: float64(i) + 0.1} }))},
		{"Or250Contains", or(250, contains)},
		{"TagAll5", filter.Tag.HasAll(append(list("tag")[:4], "tag007")...)},
		{"OrNotTags", or(halves, not(tagged))},
		{"AndNotTags", and(halves, not(tagged))},
		{"NoneOf1000Tags", filter.And(filter.Tag.HasNone(list("tag")...), filter.Group.HasNone(list("group")...))},
		{"GroupAny1000", filter.Group.HasAny(list("group")[3:]...)},
		{"GroupAll1000", filter.Group.HasAll(list("group")...)},
		{"GroupRules", filter.Group.HasAny(list("rule")[:ruled]...)},
		{"AllGroupRules", filter.Group.HasAll(list("rule")[:ruled]...)},
		{"NotGroupRules", and(ruled, func(i int) filter.Expr { return filter.Not(filter.Group.Has(label("rule", i))) })},
		{"AndContains", and(most, part)},
		{"AndNotContains", and(halves, not(contains))},
		{"OrNotContains", or(halves, not(part))},
		{"AndNotNumbers", filter.Not(values("attr", "a", func(i int) filter.Value { return filter.Value{Kind: filter.NumberValue, Number: float64(i)} }))},
		{"OrPrefixes", or(most, func(i int) filter.Expr { return filter.Attr("t").HasPrefix(fmt.Sprintf("note %d9", i)) })},
		{"OrSuffixes", or(most, func(i int) filter.Expr { return filter.Attr("t").HasSuffix(fmt.Sprint("comes of it", i)) })},
		{"ListContains", or(most, func(i int) filter.Expr { return filter.Attr("l").Contains(fmt.Sprintf("tem%03d", 2*i)) })},
		{"Names4x1000", values("name", "", text("ada lovelace %d"))},
		{"NameContains", or(most, func(i int) filter.Expr { return filter.Name.Contains(fmt.Sprintf("ace %d1", i)) })},
		{"NameSuffixes", or(most, func(i int) filter.Expr { return filter.Name.HasSuffix(fmt.Sprintf("e %d", i)) })},
		{"Emails4x1000", values("email", "", text("ada.%d@example.com"))},
		{"EmailPrefixes", or(most, func(i int) filter.Expr { return filter.Email.HasPrefix(fmt.Sprintf("ada.%d1@", i)) })},
		{"PhoneContains", or(most, func(i int) filter.Expr { return filter.Phone.Contains(fmt.Sprintf("%06d", 7*i)) })},
		{"PhonesAndNot", and(halves, func(i int) filter.Expr { return filter.Not(filter.Phone.HasSuffix(fmt.Sprintf("%05d", i))) })},
		{"Texts4x1000", values("attr", "l", text("item%03d"))},
		{"Identities4x1000", values("identity", "", func(i int) filter.Value {
			return filter.Value{Kind: filter.IdentityValue, Identity: filter.IdentityRef{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}}
		})},
		{"Accounts4x1000", values("identity", "", func(i int) filter.Value {
			return filter.Value{Kind: filter.IdentityValue, Identity: filter.IdentityRef{Source: visitor.Telegram, Account: label("bot", i)}}
		})},
		{"IDs4x1000", values("id", "", func(i int) filter.Value {
			return filter.Value{Kind: filter.IDValue, Text: fmt.Sprintf("01900000-0000-7000-8000-%012d", i)}
		})},
		{"Created4x1000", values("created", "", func(i int) filter.Value {
			return filter.Value{Kind: filter.TimeValue, Time: day(2026, 1, 1).Add(time.Duration(i) * time.Minute)}
		})},
		{"Seen4x1000Days", values("seen", "", func(i int) filter.Value {
			return filter.Value{Kind: filter.DateValue, Text: day(1990, 1, 1).AddDate(0, 0, i).Format(time.DateOnly)}
		})},
		{"AttrTimes4x1000", values("attr", "w", func(i int) filter.Value {
			return filter.Value{Kind: filter.TimeValue, Time: day(2026, 1, 1).Add(time.Duration(i) * time.Minute)}
		})},
		{"OrRanges", or(most, within)},
		{"AndNotRanges", and(halves, not(within))},
		{"OrSearches", or(most, func(i int) filter.Expr { return filter.Search(fmt.Sprintf("ace %d ada", i)) })},
		{"AndNotSearches", and(halves, func(i int) filter.Expr { return filter.Not(filter.Search(fmt.Sprintf("ada.%d@", i))) })},
		{"SearchOfManyWords", and(most, func(i int) filter.Expr { return filter.Search("a d l o v e c x m p") })},
		{"OrAttributes", or(most-64, func(i int) filter.Expr { return has(i + 64) })},
		{"AndNotAttributes", and(halves, not(has))},
		{"OrOfPairs", or(thirds, func(i int) filter.Expr { return filter.And(contains(i), has(i)) })},
		{"AndOfPairs", and(most/4, func(i int) filter.Expr { return filter.Or(filter.Not(has(i)), part(i)) })},
		{"OrMixed", or(180, mixed)},
		{"AndNotMixed", and(90, not(mixed))},
		{"Deep", deep},
	}
}
