package store

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// Explain returns why a visitor matches e or not: the result and the actual value of each
// condition, the dates it compared with, and the smallest set of conditions that would have to
// change. The result contains personal data of the visitor. The error matches ErrNotFound, or
// ErrInvalid for an invalid filter.
func (w *Workspace) Explain(ctx context.Context, id visitor.ID, e filter.Expr) (filter.Explanation, error) {
	const op = "explain filter"
	v, err := w.Get(ctx, id)
	if err != nil {
		return filter.Explanation{}, fail(op, err)
	}
	env, err := w.env(ctx, e, w.now())
	if err != nil {
		return filter.Explanation{}, fail(op, err)
	}
	explanation, err := filter.Explain(e, env, v)
	return explanation, fail(op, err)
}

// Lint returns warnings about a filter: conditions that contradict each other, are always
// true, have no effect, or name a tag or group that does not exist. The error matches
// ErrInvalid for an invalid filter.
func (w *Workspace) Lint(ctx context.Context, e filter.Expr) ([]filter.Warning, error) {
	const op = "lint filter"
	env, err := w.env(ctx, e, w.now())
	if err != nil {
		return nil, fail(op, err)
	}
	return filter.Lint(e, env), nil
}
