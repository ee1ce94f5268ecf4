package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

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
		return string(src), nil // the text of an id, or empty
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

// record is a row of a visitor.
type record struct {
	visitor.Visitor        // its lists are filled in by scope.unpack
	packed          packed // what they are unpacked from
	rowkey          int64  // in a database that runs in this process
	catalog         int64  // of the names that the row refers to
}

// visitorColumns are columns of parts of visitors: with those of withCatalog, what scanVisitor scans.
func (s scope) visitorColumns(parts driver.Parts) []string {
	columns := []string{"v.id"}
	if parts.Has(driver.Profile) {
		for _, c := range []string{"name", "email", "phone", "source", "updated_at", "last_seen_at", "revision", "origins"} {
			columns = append(columns, "v."+c)
		}
	}
	for _, p := range listParts {
		if parts.Has(p.part) {
			columns = append(columns, "v."+p.column)
		}
	}
	if s.d.server == nil {
		columns = append(columns, "v.rowkey")
	}
	return columns
}

// withCatalog adds the number of the workspace's catalog to a SELECT of visitors on a server.
func (s scope) withCatalog(q sq.SelectBuilder) sq.SelectBuilder {
	if s.d.server == nil {
		return q
	}
	return q.Column("(SELECT w.catalog FROM "+workspaceTable+" w WHERE w.ws = ?)", s.ws)
}

// listParts are the parts of a visitor that are packed, each in a column.
var listParts = []struct {
	part   driver.Parts
	column string
	of     func(*packed) *[]byte
}{
	{driver.Tags, "tags", func(p *packed) *[]byte { return &p.tags }},
	{driver.Groups, "groups", func(p *packed) *[]byte { return &p.groups }},
	{driver.Identities, "identities", func(p *packed) *[]byte { return &p.identities }},
	{driver.Consents, "consents", func(p *packed) *[]byte { return &p.consents }},
	{driver.Attributes, "attributes", func(p *packed) *[]byte { return &p.attributes }},
}

// scanVisitor returns a function that scans the rows of visitorColumns and withCatalog of one query.
func (s scope) scanVisitor(parts driver.Parts) func(row) (record, error) {
	rec := &record{}
	v, last := &rec.Visitor, &rec.catalog
	if s.d.server == nil {
		last = &rec.rowkey
	}
	to := append(make([]any, 0, 16), into(&v.ID))
	if parts.Has(driver.Profile) {
		to = append(to, &v.Name, &v.Email, &v.Phone, &v.Source, timeInto{&v.UpdatedAt}, timeInto{&v.LastSeenAt},
			&v.Revision, originsInto{&v.Provenance})
	}
	for _, p := range listParts {
		if parts.Has(p.part) {
			to = append(to, p.of(&rec.packed))
		}
	}
	to = append(to, last)
	return func(r row) (record, error) {
		*rec = record{catalog: s.catalog}
		err := r.Scan(to...)
		if parts.Has(driver.Profile) {
			v.CreatedAt, _ = v.ID.Time() // which driver.Apply has compared
		}
		return *rec, err
	}
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
