package consent

import "slices"

// Equal reports whether all fields of e and f are equal.
func (e Entry) Equal(f Entry) bool { return e.compare(f) == 0 }

// Equal reports whether all fields of r and q are equal.
func (r HealthReport) Equal(q HealthReport) bool { return r.compare(q) == 0 }

// Equal reports whether all fields of s and t are equal.
func (s Status) Equal(t Status) bool {
	return s.Entry.Equal(t.Entry) && s.Since.Equal(t.Since) && s.Lapse.Equal(t.Lapse)
}

// Equal reports whether all fields of h and i are equal.
func (h Health) Equal(i Health) bool {
	return h.Report.Equal(i.Report) && h.Since.Equal(i.Since) && h.SoftBounces == i.SoftBounces
}

// TrimEntries returns the entries without the oldest ones that make no difference to Fold, so that
// at most limit are left where that is possible. The newest about each subject and topic stays. They
// are sorted.
func TrimEntries(entries []Entry, limit int) []Entry {
	same := func(a, b []Entry) bool { return slices.EqualFunc(Fold(a), Fold(b), Status.Equal) }
	follows := func(e, f Entry) bool { return e.Subject == f.Subject && e.Topic == f.Topic }
	return trim(entries, limit, Entry.compare, follows, same)
}

// TrimReports is TrimEntries for reports and FoldHealth, and for the states that stand below the
// worst one. The number of soft bounces can become smaller than it is, but not below half of limit.
func TrimReports(reports []HealthReport, limit int) []HealthReport {
	same := func(a, b []HealthReport) bool {
		return slices.EqualFunc(standingReports(a), standingReports(b), func(h, i Health) bool {
			return h.Report.Equal(i.Report) && h.Since.Equal(i.Since) && (h.SoftBounces == i.SoftBounces || i.SoftBounces >= limit/2)
		})
	}
	follows := func(r, q HealthReport) bool { return r.Subject == q.Subject }
	return trim(reports, limit, HealthReport.compare, follows, same)
}

// standingReports returns all that stands, by subject and severity.
func standingReports(reports []HealthReport) []Health {
	var all []Health
	for some := range reportsBySubject(reports) {
		for _, h := range standingHealth(some) {
			if h.Report.State != "" {
				all = append(all, h)
			}
		}
	}
	return all
}

// trim drops items that make no difference and that another one follows: the newest stays, in case
// one arrives late that was said before it.
func trim[T any](items []T, limit int, compare func(a, b T) int, follows func(a, b T) bool, same func(a, b []T) bool) []T {
	if len(items) <= limit {
		return items
	}
	kept := slices.Clone(items)
	slices.SortFunc(kept, compare)
	for i := 0; i < len(kept) && len(kept) > limit; {
		without := slices.Delete(slices.Clone(kept), i, i+1)
		if i < len(without) && follows(kept[i], without[i]) && same(kept, without) {
			kept = without
		} else {
			i++
		}
	}
	return kept
}

// RetainReports returns what is kept of the reports about a person who is deleted: those that
// stand, also below a worse one, without actor and cause. Soft bounces are dropped.
func RetainReports(reports []HealthReport) []HealthReport {
	var kept []HealthReport
	for _, h := range standingReports(reports) {
		if r := h.Report; r.State != Healthy && r.State != SoftBounce {
			r.Actor, r.Cause = "", ""
			kept = append(kept, r)
		}
	}
	return kept
}
