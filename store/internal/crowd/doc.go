// Package crowd makes up the visitors of a business, for benchmarks of engines: the same
// ones for the same size, skewed as real ones are. And it measures what an engine does
// beside the same by hand.
//
//	crowd.Sizes(b, func(b *testing.B, size int) {
//		err := crowd.New(size).Load(ctx, st, "acme")
//		env, err := crowd.EnvOf(ctx, st, "acme", size)
//		where := crowd.Bind(b, filter.Tag.Has(crowd.OldTag), env)
//		crowd.Against(b, find, findByHand)
//	})
//
// Of the sources each has half as many visitors as the one before. There are 200 tags, of
// which few are common (Zipf's law), some 2.5 a visitor; one more tag, OldTag, only the
// oldest carry. Names are in several scripts. One in 5,000 is called Zykov, one in 50,000
// Quyhn.
package crowd
