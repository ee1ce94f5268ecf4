package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// filterLies are about who is found.
var filterLies = []lie{
	{"drops who lacks a value from the opposite of a condition", "Filter/a visitor without a value matches no condition on it, and its opposite always", func(l *liar) {
		l.match(func(n filter.Node) bool { _, ok := n.(filter.Inverse); return ok }, func(n filter.Node, v visitor.Visitor) bool {
			t, ok := n.(filter.Inverse).Of.(*filter.Test)
			missing := ok && (t.Field.Name == "email" && v.Email == "" || t.Field.Name == "phone" && v.Phone == "" || t.Field.Name == "seen" && v.LastSeenAt.IsZero())
			return !missing && !matchNode(n.(filter.Inverse).Of, v)
		})
	}},
	{"compares a text attribute that looks like a number as one", "Filter/attributes are compared as the kind they are", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Kind == filter.NumberValue
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := n.(*filter.Test)
			var number float64
			if _, err := fmt.Sscan(v.Attributes[t.Attr].String(), &number); err != nil {
				return false
			}
			return number >= t.Numbers[0].Min && number <= t.Numbers[0].Max
		})
	}},
	{"leaves out who was created at the first instant of a range", "Filter/times are compared to the microsecond", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Field.Name == "created" && t.Op == filter.OpBetween
		}, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && v.CreatedAt.UnixMicro() != n.(*filter.Test).Times[0].Min
		})
	}},
	{"counts one too many", "Filter/sources, tags and groups", func(l *liar) {
		l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := l.honest.CountVisitors(ctx, w, where, limit)
			if n == 3 {
				n++
			}
			return n, err
		}
	}},
	{"stops counting before the limit", "Filter/a count may stop at its limit and not before", func(l *liar) {
		l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := l.honest.CountVisitors(ctx, w, where, limit)
			if limit > 0 {
				n = min(n, limit-1)
			}
			return n, err
		}
	}},
	{"ignores a tag in a list of more than 100 values", "Filter/the largest filters that are allowed run", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && len(t.Texts) > 100
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := *n.(*filter.Test)
			t.Texts = t.Texts[100:]
			return matchNode(&t, v)
		})
	}},
	{"does not ask for the last of five tags", "Filter/every filter within the limits answers", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Op == filter.OpAll && len(t.Texts) == 5
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := *n.(*filter.Test)
			t.Texts = t.Texts[:4]
			return matchNode(&t, v)
		})
	}},
	{"looks for the first 100 parts of a text only", "Filter/every filter within the limits answers", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Op == filter.OpContains && len(t.Texts) > 100
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := *n.(*filter.Test)
			t.Texts = t.Texts[:100]
			return matchNode(&t, v)
		})
	}},
	{"forgets exclusions from a rule", "Member/a rule makes members, hands put in and take out", func(l *liar) {
		l.match(func(n filter.Node) bool { _, ok := n.(filter.AnyOf); return ok }, func(n filter.Node, v visitor.Visitor) bool {
			v.Excluded = nil
			return matchNode(n, v)
		})
	}},
	{"searches by case", "Search/a search finds parts of names and e-mails and digits of phones", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !strings.Contains(v.Name+"\n"+v.Email, t.Text) && (t.Digits == "" || !strings.Contains(v.Phone, t.Digits)) {
					return false
				}
			}
			return true
		})
	}},
	{"takes % and _ for patterns", "Search/signs that mean something to databases are found as they are", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !like(text.Fold(v.Name), "%"+t.Text+"%") && !matchNode(filter.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"searches across name and e-mail", "Search/a search does not run from one value into the next", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !strings.Contains(text.Fold(v.Name+v.Email), t.Text) && !matchNode(filter.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"takes neighbouring words of digits for a phone and nothing else", "Search/words of digits are found together in a phone, or each by itself", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if len(t.Digits) > len(t.Text) && !strings.Contains(v.Phone, t.Digits) {
					return false
				}
			}
			return matchNode(n, v)
		})
	}},
	{"looks for a word of two digits in names only", "Search/words of digits are found together in a phone, or each by itself", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if len(t.Text) < 3 && !strings.Contains(text.Fold(v.Name+"\n"+v.Email), t.Text) {
					return false
				}
			}
			return matchNode(n, v)
		})
	}},
	{"finds nothing by less than three letters", "Search/a search of one letter, of two and of a whole name all work", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && !slices.ContainsFunc(n.(filter.Terms), func(t filter.Term) bool { return len(t.Text) < 3 })
		})
	}},
	{"finds the digits of a name as a phone", "Search/digits in a name are not a phone number, nor the other way round", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if t.Digits != "" && strings.Contains(v.Name, t.Digits) {
					return true
				}
			}
			return matchNode(n, v)
		})
	}},
	{"misses one condition of many", "Random/random filters find whom filter.Match matches, in every order, and obey the laws of logic", func(l *liar) {
		l.match(func(n filter.Node) bool { a, ok := n.(filter.AllOf); return ok && len(a) > 2 }, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n.(filter.AllOf)[:2], v)
		})
	}},
	{"forgets one in a while to take a tag off", "Random/random changes do what a plain model of a store does", func(l *liar) {
		n := 0
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.RemoveTags); ok && len(c.Tags) > 1 {
				if n++; n%2 == 0 {
					c.Tags = c.Tags[:1]
					return []store.Change{c}
				}
			}
			return []store.Change{c}
		})
	}},
}
