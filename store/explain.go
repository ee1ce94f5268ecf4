package store

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// Explain tells why a visitor matches e or does not: what each condition says, what it
// saw, which time it asked for, and the fewest conditions that would have to turn out
// otherwise. It holds personal data of the visitor. The error matches ErrNotFound, or
// ErrInvalid for a filter that is not valid.
func (w *Workspace) Explain(ctx context.Context, id visitor.ID, e filter.Expr) (filter.Explanation, error) {
	const op = "explain filter"
	if e == nil {
		return filter.Explanation{}, fail(op, errNoFilter)
	}
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

// Bind returns e as Find would run it at this moment, so that visitors at hand can be
// tested with filter.Match; a Bound may be used wherever an expression is wanted. It asks
// for no visitors. The error matches ErrInvalid: it is the one that Find would return.
func (w *Workspace) Bind(ctx context.Context, e filter.Expr) (filter.Bound, error) {
	bound, err := w.bind(ctx, e, w.now())
	return bound, fail("bind filter", err)
}

// Lint looks for what is odd in a filter: conditions that contradict each other, that
// are always true, that can never matter, that name what is not there. The error is a back
// end's, or matches ErrInvalid for a filter that is not valid.
func (w *Workspace) Lint(ctx context.Context, e filter.Expr) ([]filter.Warning, error) {
	const op = "lint filter"
	if e == nil {
		return nil, fail(op, errNoFilter)
	}
	env, err := w.env(ctx, e, w.now())
	if err != nil {
		return nil, fail(op, err)
	}
	return filter.Lint(e, env), nil
}
