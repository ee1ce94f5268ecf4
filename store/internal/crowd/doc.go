// Package crowd generates the visitors of an imaginary business for benchmarks of engines: the
// same visitors for the same size, distributed like real ones. It also compares an engine with
// hand-written code.
//
//	crowd.Sizes(b, func(b *testing.B, size int) {
//		err := crowd.New(size).Load(ctx, st, "acme")
//		env, err := crowd.EnvOf(ctx, st, "acme", size)
//		where := crowd.Bind(b, filter.Tag.Has(crowd.OldTag), env)
//		crowd.Against(b, find, findByHand)
//	})
//
// Each source has half as many visitors as the previous one. Of 200 tags few are common (Zipf's
// law), with about 2.5 per visitor; another tag, OldTag, is only on the oldest visitors. Names
// are in several scripts. One in 5,000 is Zykov, one in 50,000 Quyhn.
package crowd
