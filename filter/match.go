package filter

import "github.com/contactpipeline/visitors/visitor"

// Match reports whether e matches v. It defines the meaning of every expression: a store
// returns exactly the visitors for which Match on the bound expression is true.
//
// Pass a Bound for speed. Any other expression is bound in a nil Env on each call; one that
// is invalid or needs more than a nil Env (a clock, names of tags or groups, custom sources)
// matches no visitor.
func Match(e Expr, v visitor.Visitor) bool {
	b, err := Bind(e, nil)
	return err == nil && b.Match(&v)
}
