package filter_test
import ("testing";"fmt";"errors";"github.com/contactpipeline/visitors/filter")
func TestTry(t *testing.T){
 for _, s := range []string{
 `source:instagram tag:hot-lead -tag:customer (attr.city:"São Paulo" OR phone:+55*) created:>=2026-01-01 seen:<30d has:email ada`,
 `ada lovelace`, `a b OR c`, `tag:a tag:b OR source:chat`, `sorce:chat`, `city:Berlin`, `tag: vip`, `created:7d`, `created:>2026`, `created>2026-01-01`, `tag:#vip`, `name:ada*b`, `tag:all(a,b)`, `tag:all(a, b)`,`attr.score:1..10`,`attr.score:>10 attr.x:a..b`,`-(a OR b)`,`NOT x`,`- x`,`(a`,`a)`,`()`,``,`AND x`,`OR x OR y`,`OR`,`x OR`,`identity:telegram/42,whatsapp/acct/,chat/"a b"/7`,`is:everyone`,`is:everybody`,`has:emial`,`created:this-mont`,`tag:“x y”`,`http://x`,`+1 555`,`seen:>=30d-ago..today`,`seen:30d-ago..today`,`a,b c`, "\xff", `attr:x`, `tag.x:y`, `"abc`, `"a\n"`, `phone:abc`, `source:!=x`, `id:1`, `is:`, `:x`,`seen:<30x`,
 `--x`, `a OR b c OR "secret stuff"`,
 } {
  e, err := filter.Parse(s)
  if err != nil { var se *filter.SyntaxError; errors.As(err,&se); fmt.Printf("%s\n  %v\n%s\n%q\n", s, err, se.Caret(s), se.Readings); continue }
  f, _ := filter.Format(e); j, _ := filter.Marshal(e)
  fmt.Printf("%s\n  => %s\n  %s\n", s, f, j)
 }
}
