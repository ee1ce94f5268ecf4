package consent_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// day returns a day of the tests.
func day(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }

var ada = consent.Subject{Channel: consent.Email, Address: "ada@example.com"}

// said returns an entry of a day about ada's e-mail and the whole channel.
func said(n int, origin consent.Origin, state consent.State) consent.Entry {
	return consent.Entry{Subject: ada, State: state, Origin: origin, At: day(n)}
}

// until returns e with an expiry on a day.
func until(e consent.Entry, n int) consent.Entry {
	e.Expires = day(n)
	return e
}

// Each case is a history in the order of its days. at is the day on which it is read.
func TestRules(t *testing.T) {
	t.Parallel()
	const (
		granted, denied, pending            = consent.Granted, consent.Denied, consent.Pending
		person, platform, operator, imports = consent.Person, consent.Platform, consent.Operator, consent.Import
		unknown                             = consent.State("")
	)
	type history = []consent.Entry
	for name, c := range map[string]struct {
		entries history
		at      int
		want    consent.State
	}{
		"1: a grant of the person lifts the person's denial":       {history{said(1, person, denied), said(2, person, granted)}, 3, granted},
		"1: and one of the platform":                               {history{said(1, platform, denied), said(2, person, granted)}, 3, granted},
		"1: a platform's resume lifts the platform's denial":       {history{said(1, platform, denied), said(2, platform, granted)}, 3, granted},
		"1: and one of the person":                                 {history{said(1, person, denied), said(2, platform, granted)}, 3, granted},
		"1: an operator does not lift the person's denial":         {history{said(1, person, denied), said(2, operator, granted)}, 3, denied},
		"1: nor the platform's":                                    {history{said(1, platform, denied), said(2, operator, granted)}, 3, denied},
		"1: an import does not lift the person's denial":           {history{said(1, person, denied), said(2, imports, granted)}, 3, denied},
		"1: nor the platform's denial":                             {history{said(1, platform, denied), said(2, imports, granted)}, 3, denied},
		"1: an operator denies after a grant of the person":        {history{said(1, person, granted), said(2, operator, denied)}, 3, denied},
		"1: an import denies after a grant of the person":          {history{said(1, person, granted), said(2, imports, denied)}, 3, denied},
		"1: the person lifts an operator's denial":                 {history{said(1, operator, denied), said(2, person, granted)}, 3, granted},
		"1: asking again is no grant":                              {history{said(1, person, denied), until(said(2, operator, pending), 9)}, 3, denied},
		"1: an earlier grant of the person lifts nothing":          {history{said(1, person, granted), said(2, person, denied)}, 3, denied},
		"1: a grant that expires lifts only while it holds":        {history{said(1, person, denied), until(said(2, person, granted), 4)}, 3, granted},
		"1: and then the denial stands again":                      {history{said(1, person, denied), until(said(2, person, granted), 4)}, 4, denied},
		"1: also for an operator who grants later":                 {history{said(1, person, denied), until(said(2, person, granted), 4), said(5, operator, granted)}, 6, denied},
		"2: an operator grants where nothing is known":             {history{said(1, operator, granted)}, 3, granted},
		"2: an import grants where nothing is known":               {history{said(1, imports, granted)}, 3, granted},
		"2: an operator does not lift an operator's denial":        {history{said(1, operator, denied), said(2, operator, granted)}, 3, denied},
		"2: an import does not lift an import's denial":            {history{said(1, imports, denied), said(2, imports, granted)}, 3, denied},
		"2: an import does not confirm for the person":             {history{until(said(1, person, pending), 8), said(2, imports, granted)}, 3, pending},
		"2: an import does not extend the person's grant":          {history{until(said(1, person, granted), 4), said(2, imports, granted)}, 5, unknown},
		"2: an import extends an import's grant":                   {history{until(said(1, imports, granted), 4), until(said(2, imports, granted), 6)}, 5, granted},
		"2: an import does not shorten an operator's grant":        {history{said(1, operator, granted), until(said(2, imports, granted), 4)}, 5, granted},
		"2: an import grants after a grant has expired":            {history{until(said(1, person, granted), 2), said(3, imports, granted)}, 4, granted},
		"2: an import grants after nobody confirmed":               {history{until(said(1, person, pending), 2), said(3, imports, granted)}, 4, granted},
		"5: a pending entry":                                       {history{until(said(1, person, pending), 8)}, 3, pending},
		"5: expires":                                               {history{until(said(1, person, pending), 8)}, 8, unknown},
		"5: is confirmed":                                          {history{until(said(1, person, pending), 8), said(2, person, granted)}, 9, granted},
		"5: is confirmed twice":                                    {history{until(said(1, person, pending), 8), said(2, person, granted), said(3, person, granted)}, 9, granted},
		"5: takes no grant away":                                   {history{said(1, person, granted), until(said(2, person, pending), 8)}, 3, granted},
		"5: takes no import's grant away":                          {history{said(1, imports, granted), until(said(2, person, pending), 8)}, 3, granted},
		"5: of the person after a denial":                          {history{said(1, person, denied), until(said(2, person, pending), 8)}, 3, pending},
		"5: which stands again if nobody confirms":                 {history{said(1, person, denied), until(said(2, person, pending), 8)}, 8, denied},
		"5: of an import does not replace the person's":            {history{until(said(1, person, pending), 4), until(said(2, imports, pending), 9)}, 5, unknown},
		"5: a newer one of the person extends it":                  {history{until(said(1, person, pending), 4), until(said(2, person, pending), 9)}, 5, pending},
		"5: of an operator extends an import's":                    {history{until(said(1, imports, pending), 4), until(said(2, operator, pending), 9)}, 5, pending},
		"5: is ended by a denial":                                  {history{until(said(1, person, pending), 8), said(2, operator, denied)}, 3, denied},
		"7: at the same time the person beats the platform":        {history{said(1, platform, denied), said(1, person, granted)}, 3, granted},
		"7: the platform beats the operator":                       {history{said(1, operator, denied), said(1, platform, granted)}, 3, granted},
		"7: the operator's denial beats an import's grant":         {history{said(1, imports, granted), said(1, operator, denied)}, 3, denied},
		"7: of one origin the denial counts":                       {history{said(1, person, granted), said(1, person, denied)}, 3, denied},
		"7: the grant that ends sooner":                            {history{said(1, person, granted), until(said(1, person, granted), 2)}, 3, unknown},
		"7: a newer grant that expires replaces one that does not": {history{said(1, person, granted), until(said(2, person, granted), 4)}, 5, unknown},
		"7: a denial of an import lasts after a grant expired":     {history{said(1, imports, denied), until(said(2, person, granted), 4)}, 5, denied},
		"7: a denial ends a grant that would expire later":         {history{until(said(1, person, granted), 9), said(2, imports, denied)}, 3, denied},
		"an entry of no known state says nothing":                  {history{said(1, person, "maybe")}, 3, unknown},
		"an entry of no known state does not change what stands":   {history{said(1, person, granted), said(2, person, "maybe")}, 3, granted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 4 {
				rand.Shuffle(len(c.entries), func(i, j int) { c.entries[i], c.entries[j] = c.entries[j], c.entries[i] })
				statuses := consent.Fold(append(c.entries, c.entries[0]))
				if len(statuses) == 0 {
					require.Equal(t, c.want, unknown)
					continue
				}
				require.Len(t, statuses, 1)
				require.Equal(t, c.want, statuses[0].State(day(c.at)))
			}
		})
	}
}

// Rule 7: an entry counts from its time, whenever it arrives.
func TestLateEntries(t *testing.T) {
	t.Parallel()
	entries := []consent.Entry{said(3, consent.Person, consent.Granted)}
	require.Equal(t, consent.Granted, consent.Fold(entries)[0].State(day(9)))
	entries = append(entries, said(2, consent.Person, consent.Denied))
	require.Equal(t, consent.Granted, consent.Fold(entries)[0].State(day(9)), "a denial before the grant")
	entries = append(entries, said(4, consent.Platform, consent.Denied))
	require.Equal(t, consent.Denied, consent.Fold(entries)[0].State(day(9)), "a denial after it")
	entries = append(entries, said(1, consent.Person, consent.Granted))
	require.Equal(t, consent.Denied, consent.Fold(entries)[0].State(day(9)), "a grant before the denial has no effect")
}

// Rule 8: consent is of an address towards a sender.
func TestFoldSeparatesSubjectsAndTopics(t *testing.T) {
	t.Parallel()
	botA := consent.Subject{Channel: consent.Telegram, Sender: "A", Address: "42"}
	botB := consent.Subject{Channel: consent.Telegram, Sender: "B", Address: "42"}
	entry := func(s consent.Subject, topic string, state consent.State) consent.Entry {
		return consent.Entry{Subject: s, Topic: topic, State: state, Origin: consent.Person, At: day(1)}
	}
	got := consent.Fold([]consent.Entry{
		entry(botB, "", consent.Granted), entry(botA, "", consent.Denied), entry(ada, "news", consent.Denied), entry(ada, "", consent.Granted),
	})
	var states []consent.State
	for _, s := range got {
		states = append(states, s.State(day(2)))
	}
	require.Equal(t, []consent.State{consent.Granted, consent.Denied, consent.Denied, consent.Granted}, states)
	require.Equal(t, []consent.Subject{ada, ada, botA, botB},
		[]consent.Subject{got[0].Entry.Subject, got[1].Entry.Subject, got[2].Entry.Subject, got[3].Entry.Subject})
	require.Equal(t, "news", got[1].Entry.Topic)
	require.Empty(t, consent.Fold(nil))
}

func TestStatusSince(t *testing.T) {
	t.Parallel()
	const granted, denied, person, operator = consent.Granted, consent.Denied, consent.Person, consent.Operator
	for name, c := range map[string]struct {
		entries           []consent.Entry
		since, entry, was int // days
	}{
		"a grant again":                        {[]consent.Entry{said(1, person, granted), said(2, person, granted)}, 1, 2, 0},
		"a grant after a break":                {[]consent.Entry{until(said(1, person, granted), 2), said(3, person, granted)}, 3, 3, 0},
		"a denial again":                       {[]consent.Entry{said(1, person, denied), said(2, person, denied)}, 1, 2, 0},
		"a denial of a lower rank":             {[]consent.Entry{said(1, person, denied), said(2, operator, denied)}, 1, 1, 0},
		"a denial of a higher rank":            {[]consent.Entry{said(1, operator, denied), said(2, person, denied)}, 1, 2, 0},
		"a denial after a grant":               {[]consent.Entry{said(1, person, granted), said(2, operator, denied)}, 2, 2, 0},
		"a denial during a grant that expires": {[]consent.Entry{said(1, person, denied), until(said(2, person, granted), 9), said(3, operator, denied)}, 3, 3, 0},
		"a denial after a grant expired":       {[]consent.Entry{said(1, person, denied), until(said(2, person, granted), 3), said(5, person, denied)}, 3, 5, 0},
		"a denial while a sign-up is pending":  {[]consent.Entry{said(1, person, denied), until(said(2, person, consent.Pending), 9), said(5, person, denied)}, 5, 5, 0},
		"a denial below a grant":               {[]consent.Entry{said(1, person, denied), until(said(2, person, granted), 9)}, 2, 2, 1},
	} {
		got := consent.Fold(c.entries)[0]
		require.Equal(t, day(c.since), got.Since, name)
		require.Equal(t, day(c.entry), got.Entry.At, name)
		if c.was == 0 {
			require.Zero(t, got.Lapse, name)
		} else {
			require.Equal(t, day(c.was), got.Lapse.At, name)
		}
	}
}

// histories returns random histories of few subjects, topics and times, so that entries meet.
func histories() *rapid.Generator[[]consent.Entry] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) consent.Entry {
		e := consent.Entry{
			Subject: consent.Subject{
				Channel: rapid.SampledFrom([]consent.Channel{consent.Email, consent.WhatsApp}).Draw(t, "channel"),
				Sender:  rapid.SampledFrom([]string{"", "a"}).Draw(t, "sender"), Address: "1",
			},
			Topic:    rapid.SampledFrom([]string{"", "news"}).Draw(t, "topic"),
			State:    rapid.SampledFrom([]consent.State{consent.Granted, consent.Denied, consent.Pending, consent.Lifted}).Draw(t, "state"),
			Origin:   rapid.SampledFrom([]consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import}).Draw(t, "origin"),
			At:       day(rapid.IntRange(1, 9).Draw(t, "at")),
			Cause:    rapid.SampledFrom([]string{"", "x"}).Draw(t, "cause"),
			Evidence: consent.Evidence{Kind: rapid.SampledFrom([]consent.EvidenceKind{"", consent.ByKeyword, consent.ByErasure}).Draw(t, "evidence")},
		}
		if e.State == consent.Pending || e.State == consent.Granted && rapid.Bool().Draw(t, "expires") {
			e.Expires = e.At.Add(time.Duration(rapid.IntRange(1, 6).Draw(t, "days")) * 24 * time.Hour)
		}
		return e
	}), 0, 14)
}

func TestFoldIgnoresOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := histories().Draw(t, "entries")
		want := consent.Fold(entries)
		before := slices.Clone(entries)
		mixed := rapid.Permutation(append(slices.Clone(entries), entries...)).Draw(t, "mixed")
		require.Equal(t, want, consent.Fold(mixed))
		require.Equal(t, before, entries, "the argument was changed")
	})
}

// meaning is a second implementation of the rules: what holds on a day, by looking at the whole
// history of one subject and topic for that day.
func meaning(entries []consent.Entry, at time.Time) consent.State {
	later := func(a, b consent.Entry) bool { // whether a is read after b
		if c := a.At.Compare(b.At); c != 0 {
			return c > 0
		}
		if c := a.Origin.Compare(b.Origin); c != 0 {
			return c > 0
		}
		places := []consent.State{consent.Lifted, consent.Pending, consent.Granted, consent.Denied}
		return slices.Index(places, a.State) > slices.Index(places, b.State)
	}
	ofPerson := func(e consent.Entry) bool { return e.Origin == consent.Person || e.Origin == consent.Platform }
	var denial, lasting *consent.Entry // the last denial, and what the person said last that lifts one
	for _, e := range entries {
		if e.State == consent.Denied && (denial == nil || later(e, *denial)) {
			denial = &e
		}
		if (e.State == consent.Granted || e.State == consent.Lifted) && ofPerson(e) && e.Expires.IsZero() && (lasting == nil || later(e, *lasting)) {
			lasting = &e
		}
	}
	if denial != nil && lasting != nil && later(*lasting, *denial) {
		denial = nil
	}
	if denial == nil {
		return "" // not decided here: this oracle knows only denials
	}
	for _, e := range entries {
		if later(e, *denial) && ofPerson(e) && e.State != consent.Denied && at.Before(e.Expires) {
			return "" // a grant or sign-up of the person after it may hold
		}
	}
	return consent.Denied
}

// A denial of anybody holds until a later grant of the person: whatever else is in the history.
func TestDenialsHold(t *testing.T) {
	t.Parallel()
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		entries := histories().Draw(t, "entries")
		statuses := consent.Fold(entries)
		at := day(rapid.IntRange(1, 16).Draw(t, "day"))
		for _, s := range statuses {
			about := slices.DeleteFunc(slices.Clone(entries), func(e consent.Entry) bool {
				return e.Subject != s.Entry.Subject || e.Topic != s.Entry.Topic
			})
			if meaning(about, at) == consent.Denied {
				held++
				require.Equal(t, consent.Denied, s.State(at))
			}
		}
	})
	require.Positive(t, held)
}

// An operator or import that grants changes nothing where anything else is known, and an import
// of a whole file again changes nothing.
func TestBusinessCannotLift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := histories().Draw(t, "entries")
		before := consent.Fold(entries)
		for _, s := range before {
			grant := s.Entry
			grant.Origin = rapid.SampledFrom([]consent.Origin{consent.Operator, consent.Import}).Draw(t, "origin")
			grant.State, grant.At, grant.Expires = consent.Granted, day(rapid.IntRange(1, 20).Draw(t, "at")), time.Time{}
			after := consent.Fold(append(slices.Clone(entries), grant))
			i := slices.IndexFunc(after, func(a consent.Status) bool {
				return a.Entry.Subject == grant.Subject && a.Entry.Topic == grant.Topic
			})
			for n := range 22 {
				at := day(n + 1)
				if s.State(at) == consent.Denied {
					require.Equal(t, consent.Denied, after[i].State(at), "lifted on day %d", n+1)
				}
			}
		}
	})
}

// What is kept of a deleted person denies the same as before, and nothing else.
func TestRetain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := histories().Draw(t, "entries")
		kept := consent.Retain(entries)
		require.Equal(t, kept, consent.Retain(kept))
		denials := map[consent.Entry]bool{}
		for _, s := range consent.Fold(kept) {
			require.Equal(t, consent.Denied, s.Entry.State)
			denials[consent.Entry{Subject: s.Entry.Subject, Topic: s.Entry.Topic}] = true
		}
		for _, s := range consent.Fold(entries) {
			id := consent.Entry{Subject: s.Entry.Subject, Topic: s.Entry.Topic}
			require.Equal(t, s.Entry.State == consent.Denied || s.Lapse.State == consent.Denied, denials[id])
		}
	})
	full := said(1, consent.Person, consent.Denied)
	full.Actor, full.Cause = "ada", "angry"
	full.Evidence = consent.Evidence{Kind: consent.ByMessage, Ref: "m1", Wording: "leave me alone", IP: "192.0.2.1"}
	want := said(1, consent.Person, consent.Denied)
	want.Evidence.Kind = consent.ByMessage
	require.Equal(t, []consent.Entry{want}, consent.Retain([]consent.Entry{full}))
}
