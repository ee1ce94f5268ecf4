package memory

import "github.com/contactpipeline/visitors/filter/bound"

// column returns the times that t tests, by position, or nil if it does not test a time.
func (w *workspace) column(t *bound.Test) []int64 {
	switch t.Field.Name {
	case "created":
		return w.created
	case "updated":
		return w.updated
	case "seen":
		return w.seen
	}
	return nil
}
