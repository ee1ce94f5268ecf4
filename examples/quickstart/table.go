package main

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// table is rows of aligned cells.
type table struct {
	columns []column
	rows    [][]cell
}

// column has a heading and a maximum width in cells of the screen.
type column struct {
	head string
	most int
}

// cell is a text with its width on the screen; escape codes for colours have no width.
type cell struct {
	text  string
	width int
}

func plain(text string) cell { return cell{text, width(text)} }

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// table shows a table. Columns are as wide as necessary. Text that exceeds the maximum width is
// cut; in the last column it is wrapped.
func (s *screen) table(t table) {
	head := make([]cell, len(t.columns))
	for i, c := range t.columns {
		head[i] = cell{s.dim(c.head), width(c.head)}
	}
	rows := append([][]cell{head}, t.rows...)
	wide := make([]int, len(t.columns))
	for _, row := range rows {
		for i, c := range row {
			wide[i] = min(max(wide[i], c.width), t.columns[i].most)
		}
	}
	for _, row := range rows {
		last := len(row) - 1
		indent := ""
		var line strings.Builder
		for i, c := range row[:last] {
			if c.width > wide[i] {
				c = plain(clip(c.text, wide[i]))
			}
			line.WriteString("  " + c.text + strings.Repeat(" ", wide[i]-c.width))
			indent += strings.Repeat(" ", 2+wide[i])
		}
		if row[last].width <= wide[last] {
			s.line("%s  %s", line.String(), row[last].text)
			continue
		}
		for i, part := range wrap(row[last].text, wide[last]) {
			if i == 0 {
				part = line.String() + "  " + part
			} else {
				part = indent + "  " + part
			}
			s.line("%s", part)
		}
	}
}

// form selects the columns of a table of visitors.
type form int

const (
	withTags form = iota
	withAddress
)

// visitors shows visitors in a table that fits a terminal of 80 columns.
func (s *screen) visitors(sources visitor.Catalog, list []visitor.Visitor, f form) {
	if len(list) == 0 {
		return
	}
	if f == withAddress {
		t := table{columns: []column{{"name", 22}, {"e-mail", 34}, {"phone", 16}}}
		for _, v := range list {
			t.add(plain(v.Name), plain(v.Email), plain(v.Phone))
		}
		s.table(t)
		return
	}
	// Tags get the width that names and sources leave.
	names, badges := 0, 0
	for _, v := range list {
		names = max(names, min(width(v.Name), 22))
		badges = max(badges, min(width(sources.Info(v.Source).Label)+2, 20))
	}
	room := 80 - 3*2 - names - badges
	t := table{columns: []column{{"name", 22}, {"source", 20}, {"tags", room}}}
	for _, v := range list {
		info := sources.Info(v.Source)
		t.add(plain(v.Name), s.badge(info.Label, info.Badge), s.tags(v, room))
	}
	s.table(t)
}

func (s *screen) badge(text string, c tag.Color) cell {
	wide := width(text)
	if s.color != noColor {
		wide += 2
	}
	return cell{s.color.badge(text, c), wide}
}

// tags shows as many tags as fit, and the number of the others.
func (s *screen) tags(v visitor.Visitor, most int) cell {
	more := len(fmt.Sprintf(" +%d", len(v.Tags)))
	var all cell
	for i, a := range v.Tags {
		next := s.badge(a.Name, a.Color)
		if i > 0 {
			next.text, next.width = " "+next.text, next.width+1
			if s.color == noColor {
				next.text, next.width = ","+next.text, next.width+1
			}
		}
		room := most - all.width
		if i < len(v.Tags)-1 {
			room -= more
		}
		if next.width > room {
			return cell{fmt.Sprintf("%s +%d", all.text, len(v.Tags)-i), all.width + more}
		}
		all.text, all.width = all.text+next.text, all.width+next.width
	}
	return all
}
