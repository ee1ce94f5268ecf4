package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// The checks of this file get the fields from the types and from the field table of package
// filter. After a field is added, they fail until every part of a store handles it.
var fieldPromises = []promise{
	{"every field is found by each of its operators", "A field that is missing in an index would match no visitor, without an error.", checkFieldOperators},
	{"every field of a patch is written", "A field that the statement of an update does not list would lose what a person has typed.", checkFieldPatch},
}

func checkFieldOperators(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	ada := f.everything("Ada Lovelace", team.ID)
	for i, field := range reflect.VisibleFields(reflect.TypeFor[visitor.Visitor]()) {
		switch field.Name {
		case "Tags", "Excluded", "Provenance", "Consents", "Health": // not set by creating a visitor
		default:
			if reflect.ValueOf(ada).Field(i).IsZero() {
				f.Fatalf("Visitor.%s has no value: give it one in everything (storetest/maker.go)", field.Name)
			}
		}
	}
	changes := []driver.Change{driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(ada, vip)}
	for range min(f.effort.rows, 2_000) { // with few visitors an engine reads all of them and uses no index
		changes = append(changes, create(f.visitor("Bob")))
	}
	changes = append(changes,
		driver.RecordConsent{Audit: f.audit(), Entry: f.said(byMail(ada), "", consent.Granted)},
		driver.ReportHealth{Audit: f.audit(), Report: consent.HealthReport{
			Subject: consent.Subject{Channel: consent.SMS, Address: ada.Phone}, State: consent.SoftBounce, Origin: consent.Platform, At: f.now(),
		}},
	)
	f.given(changes...)
	f.given(f.parts(f.job(driver.Action{Kind: driver.ActionDelete}), 1, ada.ID)...)
	everyone, env := f.visitors(f.ws), f.env()
	for _, field := range filter.Fields() {
		for _, op := range field.Ops {
			what := fmt.Sprintf("field %s, operator %s", field.Name, op)
			where := f.bindIn(f.matching(ada, field, op), env)
			if !filter.Match(where, f.get(ada.ID)) {
				f.Errorf("%s: filter.Match does not match a visitor with a value; see filter/field.go", what)
			}
			f.agreeOn(what, where, driver.OldestFirst, everyone)
			f.agreeOn(what, where, driver.NameZA, everyone)
			f.compareCounts(what, where, everyone)
		}
	}
}

// matching returns a condition on a field of v that v matches.
func (f *fixture) matching(v visitor.Visitor, field filter.Field, op filter.Op) filter.Expr {
	f.Helper()
	c := filter.Condition{Field: field.Name, Op: op}
	text := func(kind filter.ValueKind, s string) { c.Values = []filter.Value{{Kind: kind, Text: s}} }
	switch field.Kind {
	case filter.EnumKind:
		text(filter.TextValue, f.textOf(v, field.Name))
	case filter.IDKind:
		text(filter.IDValue, f.textOf(v, field.Name))
	case filter.TextKind, filter.PhoneKind:
		text(filter.TextValue, part(f.textOf(v, field.Name), op))
	case filter.TimeKind:
		at, ok := map[string]time.Time{"created": v.CreatedAt, "updated": v.UpdatedAt, "seen": v.LastSeenAt}[field.Name]
		if !ok {
			f.Fatalf("field %s: matching (storetest/field.go) lacks this time", field.Name)
		}
		c.Values = around(op, filter.Value{Kind: filter.TimeValue, Time: at.Add(-time.Microsecond)},
			filter.Value{Kind: filter.TimeValue, Time: at}, filter.Value{Kind: filter.TimeValue, Time: at.Add(time.Microsecond)})
	case filter.TagKind:
		text(filter.TextValue, "vip")
	case filter.GroupKind:
		text(filter.TextValue, "Team")
	case filter.IdentityKind:
		i := v.Identities[0]
		c.Values = []filter.Value{{Kind: filter.IdentityValue, Identity: filter.IdentityRef{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID}}}
	case filter.JobKind:
		text(filter.IDValue, f.recordsOf(f.ws, driver.JobRecords)[0].Key)
	case filter.InboxKind:
		text(filter.TextValue, v.Identities[0].Inboxes[0])
	case filter.CanKind:
		c.Values = []filter.Value{{Kind: filter.PermissionValue, Permission: filter.PermissionRef{Channel: consent.Email}}}
	case filter.ConsentKind:
		c.Values = []filter.Value{{Kind: filter.PermissionValue, Permission: filter.PermissionRef{Channel: consent.Email, State: string(consent.Granted)}}}
	case filter.HealthKind:
		c.Values = []filter.Value{{Kind: filter.PermissionValue, Permission: filter.PermissionRef{Channel: consent.SMS, State: string(consent.SoftBounce)}}}
	case filter.AttrKind:
		switch op {
		case filter.OpLess, filter.OpAtMost, filter.OpGreater, filter.OpAtLeast, filter.OpBetween:
			n := v.Attributes["score"].Number()
			c.Attr = "score"
			c.Values = around(op, filter.Value{Kind: filter.NumberValue, Number: n - 1},
				filter.Value{Kind: filter.NumberValue, Number: n}, filter.Value{Kind: filter.NumberValue, Number: n + 1})
		default:
			c.Attr = "city"
			text(filter.TextValue, part(v.Attributes["city"].Text(), op))
		}
	default:
		f.Fatalf("field %s: matching (storetest/field.go) lacks this kind", field.Name)
	}
	if op == filter.OpExists {
		c.Values = nil
	}
	return c
}

// textOf returns the text that v has under the field's name in JSON.
func (f *fixture) textOf(v visitor.Visitor, name string) string {
	f.Helper()
	var fields map[string]any
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &fields)
	}
	s, ok := fields[name].(string)
	if err != nil || !ok {
		f.Fatalf("field %s: a visitor has no text of that name in JSON, error %v", name, err)
	}
	return s
}

// part returns a part of s that op finds.
func part(s string, op filter.Op) string {
	switch runes := []rune(s); op {
	case filter.OpContains:
		return string(runes[1 : len(runes)-1])
	case filter.OpPrefix:
		return string(runes[:len(runes)-1])
	case filter.OpSuffix:
		return string(runes[1:])
	}
	return s
}

// around returns the operands with which op finds the middle value.
func around(op filter.Op, before, is, after filter.Value) []filter.Value {
	switch op {
	case filter.OpLess:
		return []filter.Value{after}
	case filter.OpGreater:
		return []filter.Value{before}
	case filter.OpBetween:
		return []filter.Value{before, after}
	}
	return []filter.Value{is}
}

func checkFieldPatch(f *fixture) {
	ada := f.everything("Ada Lovelace")
	f.given(create(ada))
	values := map[string]string{"email": "king@example.org", "phone": "+442079460000", "source": string(visitor.Telegram)}
	for i, field := range reflect.VisibleFields(reflect.TypeFor[visitor.Patch]()) {
		if field.Type.Kind() != reflect.Pointer || field.Type.Elem().Kind() != reflect.String {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want, ok := values[name]
		if !ok {
			want = "other " + name
		}
		var p visitor.Patch
		value := reflect.New(field.Type.Elem())
		value.Elem().SetString(want)
		reflect.ValueOf(&p).Elem().Field(i).Set(value)
		before := f.get(ada.ID)
		f.given(driver.UpdateVisitor{ID: ada.ID, Patch: p, Audit: f.audit()})
		after := f.get(ada.ID)
		f.same(name+" after the patch", f.textOf(after, name), want)
		f.same("fields that visitor.Changed reports", visitor.Changed(before, after), []string{name})
		e := filter.Condition{Field: name, Op: filter.OpIn, Values: []filter.Value{{Kind: filter.TextValue, Text: want}}}
		f.same("found by the "+name+" of the patch", f.matches(e), after.Name)
		e.Values[0].Text = f.textOf(before, name)
		f.same("found by the "+name+" before the patch", f.matches(e), "")
	}
}
