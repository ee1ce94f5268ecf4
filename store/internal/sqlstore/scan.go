package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// idInto scans an id of 16 bytes, or in its 36-character form, into a string type.
type idInto[T ~string] struct{ to *T }

func into[T ~string](to *T) idInto[T] { return idInto[T]{to} }

func (i idInto[T]) Scan(src any) error {
	id, err := readID(src)
	*i.to = T(id)
	return err
}

func scanID[T ~string](r row) (id T, err error) {
	err = r.Scan(into(&id))
	return id, err
}

func readID(src any) (string, error) {
	switch src := src.(type) {
	case []byte:
		if len(src) == 16 {
			return formatID([16]byte(src)), nil
		}
		return string(src), nil
	case string:
		if src == noID {
			return "", nil
		}
		return src, nil
	case [16]byte:
		return formatID(src), nil
	}
	return "", fmt.Errorf("scan id: a %T", src)
}

// noID is the nil id as text: no visitor, tag or group has it.
var noID = uuid.Nil.String()

// formatID returns the 36-character form, "" for the nil id.
func formatID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// timeInto scans microseconds since 1970, 0 for the zero time.
type timeInto struct{ to *time.Time }

func (t timeInto) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("scan time: a %T", src)
	}
	*t.to = driver.FromMicros(us)
	return nil
}

// record is a visitor and its key in the search index.
type record struct {
	visitor.Visitor
	rowkey int64 // 0 if the engine keeps no search index
}

func (s scope) visitorColumns(alias string) []string {
	columns := []string{"0"}
	if s.d.Index() != nil {
		columns[0] = alias + ".rowkey"
	}
	for _, c := range []string{"id", "name", "email", "phone", "source", "created_at", "updated_at", "last_seen_at", "revision", "origins"} {
		columns = append(columns, alias+"."+c)
	}
	return columns
}

func scanVisitor(r row) (rec record, err error) {
	v := &rec.Visitor
	err = r.Scan(&rec.rowkey, into(&v.ID), &v.Name, &v.Email, &v.Phone, &v.Source,
		timeInto{&v.CreatedAt}, timeInto{&v.UpdatedAt}, timeInto{&v.LastSeenAt}, &v.Revision, originsInto{&v.Provenance})
	return rec, err
}

func scanVisitorID(r row) (rec record, err error) {
	rec.ID, err = scanID[visitor.ID](r)
	return rec, err
}

// scanTagIDs scans a visitor's id, and the ids of its tags as Dialect.JoinIDs returns them.
func scanTagIDs(r row) (rec record, err error) {
	var tags string
	if err := r.Scan(into(&rec.ID), &tags); err != nil || tags == "" {
		return rec, err
	}
	rec.Tags = make([]tag.Assignment, strings.Count(tags, ",")+1)
	n := 0
	for text := range strings.SplitSeq(tags, ",") {
		id, err := uuid.Parse(text)
		if err != nil {
			return rec, fmt.Errorf("scan tags: %w", err)
		}
		rec.Tags[n].Tag = tag.ID(id.String())
		n++
	}
	return rec, nil
}

// originsInto scans the provenance of a profile, "" for none.
type originsInto struct{ to *visitor.Provenances }

func (o originsInto) Scan(src any) error {
	text, ok := src.(string)
	switch {
	case !ok:
		return fmt.Errorf("scan origins: a %T", src)
	case text == "":
		*o.to = nil
		return nil
	}
	return json.Unmarshal([]byte(text), o.to)
}

func originsText(o visitor.Provenances) (string, error) {
	if len(o) == 0 {
		return "", nil
	}
	b, err := json.Marshal(o)
	return string(b), err
}

// inboxes are the inboxes of an identity as they are stored.
type inboxes struct {
	Names []string `json:"names"`
	At    []int64  `json:"at"` // microseconds since 1970
}

// inboxesText returns the JSON form of the inboxes, "" for none.
func inboxesText(i visitor.Identity) string {
	if len(i.Inboxes) == 0 {
		return ""
	}
	b, _ := json.Marshal(inboxes{i.Inboxes, lo.Map(i.InboxTimes, func(t time.Time, _ int) int64 { return driver.Micros(t) })})
	return string(b) // texts and numbers have no error
}

// inboxesInto scans the inboxes of an identity.
type inboxesInto struct{ to *visitor.Identity }

func (i inboxesInto) Scan(src any) error {
	text, ok := src.(string)
	switch {
	case !ok:
		return fmt.Errorf("scan inboxes: a %T", src)
	case text == "":
		return nil
	}
	var in inboxes
	err := json.Unmarshal([]byte(text), &in)
	i.to.Inboxes = in.Names
	i.to.InboxTimes = lo.Map(in.At, func(us int64, _ int) time.Time { return driver.FromMicros(us) })
	return err
}

var tagColumns = []string{"t.id", "t.name", "t.color", "t.description", "t.created_at"}

func scanTag(r row) (t tag.Tag, err error) {
	err = r.Scan(into(&t.ID), &t.Name, &t.Color, &t.Description, timeInto{&t.CreatedAt})
	return t, err
}

var groupColumns = []string{"g.id", "g.name", "g.description", "g.rule", "g.created_at"}

func scanGroup(r row) (g group.Group, err error) {
	var rule string
	if err := r.Scan(into(&g.ID), &g.Name, &g.Description, &rule, timeInto{&g.CreatedAt}); err != nil {
		return g, err
	}
	if rule != "" {
		if g.Rule, err = filter.Unmarshal([]byte(rule)); err != nil {
			return g, fmt.Errorf("read rule of group %s: %w", g.ID, err)
		}
	}
	return g, nil
}

// The kinds of attribute rows.
const (
	textRow = iota + 1
	numberRow
	boolRow
	timeRow
	listRow
)

// attributeRow is one row of an attribute; a list has one for each item.
type attributeRow struct {
	name   string
	ord    int32 // place in a list
	kind   int
	text   string
	number float64
	micros int64
}

func scanAttribute(r row) (id visitor.ID, a attributeRow, err error) {
	err = r.Scan(into(&id), &a.name, &a.kind, &a.text, &a.number, &a.micros)
	return id, a, err
}

func (a attributeRow) value() visitor.Value {
	switch a.kind {
	case numberRow:
		return visitor.Number(a.number)
	case boolRow:
		return visitor.Bool(a.number == 1)
	case timeRow:
		return visitor.Time(time.UnixMicro(a.micros))
	case listRow:
		return visitor.List(a.text)
	}
	return visitor.Text(a.text)
}

// attributeRows returns the rows of a value.
func attributeRows(name string, v visitor.Value) []attributeRow {
	switch v.Kind() {
	case visitor.NumberKind:
		return []attributeRow{{name: name, kind: numberRow, number: v.Number()}}
	case visitor.BoolKind:
		a := attributeRow{name: name, kind: boolRow}
		if v.Bool() {
			a.number = 1
		}
		return []attributeRow{a}
	case visitor.TimeKind:
		return []attributeRow{{name: name, kind: timeRow, micros: v.Micros()}}
	case visitor.ListKind:
		var rows []attributeRow
		for item := range v.Items {
			rows = append(rows, attributeRow{name: name, ord: int32(len(rows)), kind: listRow, text: item})
		}
		return rows
	}
	return []attributeRow{{name: name, kind: textRow, text: v.Text()}}
}
