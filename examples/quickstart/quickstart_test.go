package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

var update = flag.Bool("update", false, "write the output to testdata")

const dbFile = "visitors-quickstart.db"

func tourOf(t *testing.T, path string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &screen{w: &out}, sqliteFile(path)))
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestTourMatchesGoldenFiles(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	first, second := tourOf(t, dbFile), tourOf(t, dbFile)
	t.Chdir(here)
	golden(t, "first.txt", first)
	golden(t, "second.txt", second)
	for line := range strings.Lines(first + second) {
		require.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), 80)
	}
}

func TestTourCountsMatchTheFile(t *testing.T) {
	t.Parallel()
	people := countPeople(t)
	hot := func(p person) bool { return p.source == "instagram" && p.has("hot-lead") }
	spam := func(p person) bool { return p.has("spam") }
	jose := func(p person) bool { return strings.Contains(bare(p.name)+"\n"+bare(p.email), "jose") }
	callable := func(p person) bool { return p.phone != "" && !p.has("customer") && !p.has("spam") }
	ebike := func(p person) bool { return p.has("hot-lead") && p.has("e-bike") }
	ride := func(p person) bool { return p.has("test-ride") && p.phone != "" }
	write := func(p person) bool { return p.has("hot-lead") && !p.has("customer") && p.email != "" }

	path := filepath.Join(t.TempDir(), dbFile)
	first := tourOf(t, path)
	require.Subset(t, strings.Split(first, "\n"), []string{
		fmt.Sprintf("%d rows, separator ';', UTF-8; %d rows were in Windows-1252, %d were blank",
			len(people)+len(refused)+len(twice), western, blank),
		fmt.Sprintf("%d visitors created", len(people)),
		fmt.Sprintf("%d rows are duplicates:", len(twice)),
		fmt.Sprintf("%d rows were refused:", len(refused)),
		fmt.Sprintf("%d visitors", len(people)),
		fmt.Sprintf("%d visitors", count(people, hot)),
		fmt.Sprintf("%d visitors", count(people, jose)),
		fmt.Sprintf("%d visitors", count(people, callable)),
		fmt.Sprintf("spring sale call back: %d visitors tagged, 0 already had the tags", count(people, ebike)),
		fmt.Sprintf("%q: %d added, 0 already members", "Test ride on Saturday", count(people, ride)),
		fmt.Sprintf("%q has %d members", "Write to these", count(people, write)),
		"Ada Okafor-Lindström: test_rides is now 1, revision 1 → 2",
		fmt.Sprintf("would delete %d visitors:", count(people, spam)),
		fmt.Sprintf("%d deleted permanently, %d visitors left", count(people, spam), len(people)-count(people, spam)),
		fmt.Sprintf("%d visitors now", len(people)-count(people, spam)+captured),
		fmt.Sprintf("The same again: %d duplicates, 5 ignored, 0 created or changed", captured+1),
	})
	for _, label := range []string{"Instagram", "WhatsApp", "Chat", "Facebook Messenger", "Telegram"} {
		n := count(people, func(p person) bool { return p.source == sourceOf[strings.ToLower(label)] })
		require.Contains(t, first, fmt.Sprintf("\n%-18s  %5d █", label, n))
	}
	for _, name := range []string{
		"newsletter", "customer", "hot-lead", "e-bike", "repair", "test-ride", "needs follow-up", "cargo bike", "VIP", "wholesale", "spam",
	} {
		n := count(people, func(p person) bool { return p.has(strings.ToLower(name)) })
		require.Contains(t, first, fmt.Sprintf("\n%-15s  %5d █", name, n))
	}

	left := people[:0:0]
	for _, p := range people {
		if !spam(p) {
			left = append(left, p)
		}
	}
	require.Subset(t, strings.Split(tourOf(t, path), "\n"), []string{
		fmt.Sprintf("%d visitors exist from an earlier run, so the file is not imported again.", len(left)+captured),
		fmt.Sprintf("%d visitors now", len(left)+captured),
		fmt.Sprintf("%d visitors", count(left, hot)),
		fmt.Sprintf("spring sale call back: 0 visitors tagged, %d already had the tags", count(left, ebike)),
		fmt.Sprintf("%q: 0 added, %d already members", "Test ride on Saturday", count(left, ride)),
		fmt.Sprintf("%q has %d members", "Write to these", count(left, write)),
		"Ada Okafor-Lindström: test_rides is now 2, revision 2 → 3",
		"no visitor has the tag: nothing to delete",
	})
}

func TestTourShowsEveryRefusedRow(t *testing.T) {
	t.Parallel()
	out := tourOf(t, filepath.Join(t.TempDir(), dbFile))
	shown := map[int]string{}
	for line := range strings.Lines(out) {
		at, rest, ok := strings.Cut(strings.TrimSpace(line), "  ")
		fields := strings.Fields(rest)
		if !ok || len(fields) == 0 {
			continue
		}
		for number := range strings.SplitSeq(at, ", ") {
			var n int
			if _, err := fmt.Sscanf(number, "%d", &n); err == nil && fmt.Sprint(n) == number {
				shown[n] = fields[0]
			}
		}
	}
	require.Equal(t, refused, shown)
}

func TestTourOnAnInvalidFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "letter.txt")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("Dear Ada,\n"), 1_000), 0o644))
	err := run(t.Context(), &screen{w: io.Discard}, sqliteFile(path))
	require.ErrorContains(t, err, path)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]byte("Dear Ada,\n"), 1_000), kept)

	require.Error(t, run(t.Context(), &screen{w: io.Discard}, sqliteFile(filepath.Join(t.TempDir(), "no", "folder.db"))))
}

func TestTourStopsWhenInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, &screen{w: io.Discard}, sqliteFile(filepath.Join(t.TempDir(), dbFile))), context.Canceled)
}

// The expected results, found by reading contacts.csv by hand: the lines to refuse with the
// reasons, and the lines with a person of an earlier line.
var (
	refused = map[int]string{
		60: "name", 61: "tag", 71: "source", 127: "source", 140: "name", 146: "created_at", 152: "source",
		198: "email", 208: "source", 218: "phone", 231: "email", 252: "row", 256: "name", 259: "email",
		282: "row", 287: "email", 305: "phone", 340: "email", 351: "phone", 369: "email", 370: "name",
		458: "phone", 467: "phone", 468: "phone", 478: "created_at", 494: "row", 507: "name", 516: "email",
	}
	twice = []int{
		137, 144, 169, 264, 268, 317, 323, 347, 349, 400, 419, 420, 421, 427, 432, 443, 455, 474, 497, 500, 503, 509, 510, 518,
	}
	sourceOf = map[string]string{
		"instagram": "instagram", "whatsapp": "whatsapp", "chat": "chat", "telegram": "telegram",
		"messenger": "messenger", "facebook messenger": "messenger",
	}
)

const (
	western = 14 // rows in Windows-1252
	blank   = 6

	captured = 6 // people who wrote on a channel or filled in the form, one of them twice
)

type person struct {
	name, email, phone, source string
	tags                       []string
}

func (p person) has(tag string) bool { return slices.Contains(p.tags, tag) }

func count(people []person, want func(person) bool) (n int) {
	for _, p := range people {
		if want(p) {
			n++
		}
	}
	return n
}

// countPeople reads contacts.csv without the library.
func countPeople(t *testing.T) (people []person) {
	t.Helper()
	raw, err := os.ReadFile("contacts.csv")
	require.NoError(t, err)
	lines := strings.Split(string(raw), "\n")
	for i, line := range lines {
		if _, bad := refused[i+1]; bad {
			lines[i] = ";"
			continue
		}
		if !utf8.ValidString(line) {
			lines[i], err = charmap.Windows1252.NewDecoder().String(line)
			require.NoError(t, err)
		}
	}
	rows := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	rows.Comma, rows.FieldsPerRecord = ';', -1
	_, err = rows.Read()
	require.NoError(t, err)
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return people
		}
		require.NoError(t, err)
		line, _ := rows.FieldPos(0)
		if slices.Contains(twice, line) || strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		row = append(row, "", "", "", "", "")
		p := person{name: row[0], email: row[1], phone: row[2], source: sourceOf[strings.ToLower(row[3])]}
		for _, name := range strings.FieldsFunc(row[4], func(r rune) bool { return r == ',' || r == ';' }) {
			p.tags = append(p.tags, strings.ToLower(strings.TrimSpace(name)))
		}
		people = append(people, p)
	}
}

// bare returns a text in lower case without accents.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
}
