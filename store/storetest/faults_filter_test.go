package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// filterFaults are in filters.
var filterFaults = []fault{
	{"drops visitors without a value from a negation", "Filter/a visitor without a value matches no condition on it, and every negated one", func(f *faultyStore) {
		f.match(func(n bound.Node) bool { _, ok := n.(bound.Negation); return ok }, func(n bound.Node, v visitor.Visitor) bool {
			t, ok := n.(bound.Negation).Of.(*bound.Test)
			missing := ok && (t.Field.Name == "email" && v.Email == "" || t.Field.Name == "phone" && v.Phone == "" || t.Field.Name == "seen" && v.LastSeenAt.IsZero())
			return !missing && !matchNode(n.(bound.Negation).Of, v)
		})
	}},
	{"compares a text attribute that looks like a number as one", "Filter/attributes are compared by their kind", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Kind == visitor.NumberKind
		}, func(n bound.Node, v visitor.Visitor) bool {
			t := n.(*bound.Test)
			var number float64
			if _, err := fmt.Sscan(v.Attributes[t.Attr].String(), &number); err != nil {
				return false
			}
			return number >= t.Numbers[0].Min && number <= t.Numbers[0].Max
		})
	}},
	{"folds inboxes", "Identity/a visitor is found by the inboxes of its identities, to the letter", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Field.Kind == bound.InboxKind && t.Op == bound.OpIn
		}, func(n bound.Node, v visitor.Visitor) bool {
			return slices.ContainsFunc(v.Identities, func(i visitor.Identity) bool {
				return slices.ContainsFunc(i.Inboxes, func(s string) bool {
					return slices.ContainsFunc(n.(*bound.Test).Texts, func(want string) bool { return text.Equal(s, text.Fold(want)) })
				})
			})
		})
	}},
	{"excludes the first instant of a range", "Filter/times are compared to the microsecond", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Field.Name == "created" && t.Op == bound.OpBetween
		}, func(n bound.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && v.CreatedAt.UnixMicro() != n.(*bound.Test).Times[0].Min
		})
	}},
	{"counts one too many", "Filter/sources, tags and groups are found by their conditions", func(f *faultyStore) {
		f.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := f.correct.CountVisitors(ctx, w, where, limit)
			if n == 3 {
				n++
			}
			return n, err
		}
	}},
	{"stops counting before the limit", "Filter/a count may stop at its limit and not before", func(f *faultyStore) {
		f.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := f.correct.CountVisitors(ctx, w, where, limit)
			if limit > 0 {
				n = min(n, limit-1)
			}
			return n, err
		}
	}},
	{"ignores a tag in a list of more than 100 values", "Filter/the largest filters that are allowed work", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && len(t.Texts) > 100
		}, func(n bound.Node, v visitor.Visitor) bool {
			t := *n.(*bound.Test)
			t.Texts = t.Texts[100:]
			return matchNode(&t, v)
		})
	}},
	{"forgets exclusions from a rule", "Membership/a group has the members by rule and by hand, without those removed by hand", func(f *faultyStore) {
		f.match(func(n bound.Node) bool { _, ok := n.(bound.AnyOf); return ok }, func(n bound.Node, v visitor.Visitor) bool {
			v.Excluded = nil
			return matchNode(n, v)
		})
	}},
	{"searches case-sensitively", "Search/a search finds parts of names and e-mails and digits of phones", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if !strings.Contains(v.Name+"\n"+v.Email, t.Text) && (t.Digits == "" || !strings.Contains(v.Phone, t.Digits)) {
					return false
				}
			}
			return true
		})
	}},
	{"treats % and _ as wildcards", "Search/characters that are special to databases are found literally", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if !like(text.Fold(v.Name), "%"+t.Text+"%") && !matchNode(bound.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"searches across name and e-mail", "Search/a search does not match across two values", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if !strings.Contains(text.Fold(v.Name+v.Email), t.Text) && !matchNode(bound.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"finds nothing for fewer than three letters", "Search/a search for one letter, for two and for a whole name works", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && !slices.ContainsFunc(n.(bound.Terms), func(t bound.Term) bool { return len(t.Text) < 3 })
		})
	}},
	{"searches phone digits in names", "Search/digits of a name are not a phone number, nor the reverse", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if t.Digits != "" && strings.Contains(v.Name, t.Digits) {
					return true
				}
			}
			return matchNode(n, v)
		})
	}},
	{"ignores the third condition of many", "Random/random filters find what filter.Match matches, in every order, and obey the laws of logic", func(f *faultyStore) {
		f.match(func(n bound.Node) bool { a, ok := n.(bound.AllOf); return ok && len(a) > 2 }, func(n bound.Node, v visitor.Visitor) bool {
			return matchNode(n.(bound.AllOf)[:2], v)
		})
	}},
	{"removes only the first of several tags", "Random/random changes have the same result as on the reference store", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.RemoveTags); ok && len(c.Tags) > 1 {
				c.Tags = c.Tags[:1]
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"takes neighbouring words of digits for a phone and nothing else", "Search/words of digits are found together in a phone, or each by itself", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if len(t.Digits) > len(t.Text) && !strings.Contains(v.Phone, t.Digits) {
					return false
				}
			}
			return matchNode(n, v)
		})
	}},
	{"looks for a word of two digits in names only", "Search/words of digits are found together in a phone, or each by itself", func(f *faultyStore) {
		f.match(isTerms, func(n bound.Node, v visitor.Visitor) bool {
			for _, t := range n.(bound.Terms) {
				if len(t.Text) < 3 && !strings.Contains(text.Fold(v.Name+"\n"+v.Email), t.Text) {
					return false
				}
			}
			return matchNode(n, v)
		})
	}},
	{"accepts all tags but one", "Filter/every filter within the limits works", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Op == bound.OpAll && len(t.Texts) == 5
		}, func(n bound.Node, v visitor.Visitor) bool {
			t := *n.(*bound.Test)
			t.Texts = t.Texts[:4]
			return matchNode(&t, v)
		})
	}},
	{"looks for the first 100 parts of a text only", "Filter/every filter within the limits works", func(f *faultyStore) {
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Op == bound.OpContains && len(t.Texts) > 100
		}, func(n bound.Node, v visitor.Visitor) bool {
			t := *n.(*bound.Test)
			t.Texts = t.Texts[:100]
			return matchNode(&t, v)
		})
	}},
}
