package consent_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// What was dropped makes no difference, now and after what is said later.
func TestTrimEntries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries, limit := histories().Draw(t, "entries"), rapid.IntRange(0, 6).Draw(t, "limit")
		kept := consent.TrimEntries(entries, limit)
		require.Equal(t, consent.Fold(entries), consent.Fold(kept))
		require.Subset(t, entries, kept)
		if len(entries) > limit {
			require.LessOrEqual(t, len(kept), max(limit, 16), "of each of 8 subjects and topics what stands, since when, a denial below it, and the newest")
		}
		for n, later := range histories().Draw(t, "later") {
			if !later.Expires.IsZero() {
				later.Expires = day(100 + n).Add(later.Expires.Sub(later.At))
			}
			later.At = day(100 + n)
			entries, kept = append(entries, later), consent.TrimEntries(append(kept, later), limit)
			require.Equal(t, consent.Fold(entries), consent.Fold(kept))
		}
	})
}

// The newest denial stays even if it only repeats an earlier one: a grant can arrive late that was
// said between the two.
func TestTrimKeepsTheNewest(t *testing.T) {
	t.Parallel()
	entries := []consent.Entry{said(1, consent.Person, consent.Denied), said(9, consent.Platform, consent.Denied)}
	kept := consent.TrimEntries(append(entries, said(5, consent.Operator, consent.Denied)), 1)
	require.Equal(t, entries, kept)
	kept = append(kept, said(6, consent.Person, consent.Granted))
	require.Equal(t, consent.Denied, consent.Fold(kept)[0].State(day(10)))
}

func TestTrimReports(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reports, limit := rapid.SliceOfN(reportsOfDays(), 0, 12).Draw(t, "reports"), rapid.IntRange(0, 6).Draw(t, "limit")
		kept := consent.TrimReports(reports, limit)
		require.Subset(t, reports, kept)
		sameHealth(t, reports, kept, limit)
		for n, later := range rapid.SliceOfN(reportsOfDays(), 0, 12).Draw(t, "later") {
			later.At = day(100 + n)
			reports, kept = append(reports, later), consent.TrimReports(append(kept, later), limit)
			sameHealth(t, reports, kept, limit)
		}
	})
}

// sameHealth compares all but numbers of soft bounces, of which only half of the limit is kept.
func sameHealth(t *rapid.T, all, kept []consent.HealthReport, limit int) {
	want, got := consent.FoldHealth(all), consent.FoldHealth(kept)
	require.Len(t, got, len(want))
	for i := range want {
		if want[i].SoftBounces != got[i].SoftBounces {
			require.GreaterOrEqual(t, got[i].SoftBounces, limit/2)
			want[i].SoftBounces = got[i].SoftBounces
		}
	}
	require.Equal(t, want, got)
}

// A block stands above a complaint and below an address that does not exist; each is kept.
func TestRetainReports(t *testing.T) {
	t.Parallel()
	complaint, blocked := report(1, consent.Platform, consent.Complaint), report(2, consent.Platform, consent.Blocked)
	complaint.Actor, complaint.Cause = "ann", "told us by phone"
	history := []consent.HealthReport{complaint, blocked, report(3, consent.Platform, consent.SoftBounce)}
	require.Equal(t, consent.Blocked, consent.FoldHealth(history)[0].Report.State)
	kept := consent.RetainReports(history)
	complaint.Actor, complaint.Cause = "", ""
	require.Equal(t, []consent.HealthReport{complaint, blocked}, kept)
	kept = append(kept, report(4, consent.Person, consent.Healthy))
	require.Equal(t, consent.Complaint, consent.FoldHealth(kept)[0].Report.State, "a message ends the block, and not the complaint")
	require.Empty(t, consent.RetainReports([]consent.HealthReport{report(1, consent.Platform, consent.SoftBounce), report(2, consent.Person, consent.Healthy)}))
}
