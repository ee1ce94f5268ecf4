package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// literals are texts that have a special meaning in a database, a pattern, a search index or
// a shell.
var literals = []string{
	"100%", "_", "a_b", `back\slash`, `\%`, "O'Brien", `say "hi"`, "``", "$1", "?", "??", "?1", ":name", "@p1", "--", "; DROP TABLE visitors; --", "/* x */",
	"*", "a*", "NEAR(a b)", "name:x", "OR", "AND", "NOT", "-x", "(", ")", "[a-z]", "^a", "a|b", "{x}", "#", "\"\"", "'", "<b>", "&amp;", "%s", "%00", "\\x00", "NULL", "null",
	"🔥", "👩\u200d💻", "日本語", "हिन्दी", "ไทย", "עברית", "한글", "ﷺ", "ſ", "ŉ",
}

var searchPromises = []promise{
	{"a search finds parts of names and e-mails and digits of phones", "One box finds a person, whatever the operator remembers.", checkSearchFields},
	{"a search does not match across two values", "Values that are stored side by side are still two values.", checkSearchWithinOneValue},
	{"digits of a name are not a phone number, nor the reverse", "Flat 555 and the number 555 are found by the same word, each in its field.", checkSearchDigits},
	{"characters that are special to databases are found literally", "A name like 100% must be found by its sign and by nothing else.", checkSearchLiterals},
	{"every spelling of a name is found by every other", "Phones, keyboards and imports spell one name in many ways.", checkSearchSpellings},
	{"a search for one letter, for two and for a whole name works", "Search indexes tend to ignore text that is shorter than their n-grams.", checkSearchLengths},
	{"words of digits are found together in a phone, or each by itself", "Phone numbers are typed with spaces, and names can have several numbers.", checkSearchDigitWords},
}

func checkSearchFields(f *fixture) {
	f.sixVisitors()
	f.ask(
		asked{filter.Search("ada"), "Ada"},
		asked{filter.Search("A"), "Ada, Bob, Dan, Eve, Fay"},
		asked{filter.Search("da"), "Ada, Dan"},
		asked{filter.Search("xample.c"), "Ada, Eve"},
		asked{filter.Search("EVE+X"), "Eve"},
		asked{filter.Search("98765"), "Ada, Fay"},
		asked{filter.Search("+55 11"), "Ada"},
		asked{filter.Search("55 11 98765"), "Ada"},
		asked{filter.Search("(5511)"), "Ada"},
		asked{filter.Search("987-654"), "Ada, Fay"},
		asked{filter.Search("55"), ""},
		asked{filter.Search("ada example"), "Ada"},
		asked{filter.Search("example ada 5511"), "Ada"},
		asked{filter.Search("ada bob"), ""},
		asked{filter.Search("nobody"), ""},
	)
}

func checkSearchWithinOneValue(f *fixture) {
	a, b := f.visitor("ann1 2"), f.visitor("2n")
	a.Email, a.Phone = "bee@example.com", "+15550001234"
	b.Email, b.Phone = "9c@d.example", "+495551239"
	f.given(create(a), create(b))
	f.ask(
		asked{filter.Search("nb"), ""},
		asked{filter.Search("2bee"), ""},
		asked{filter.Search("12"), ""},
		asked{filter.Search("annbee"), ""},
		asked{filter.Search("com1555"), ""},
		asked{filter.Search("com+1555"), ""},
		asked{filter.Search("12390"), ""},
		asked{filter.Search("1239"), "2n"},
		asked{filter.Search("2n9"), ""},
		asked{filter.Search("9c"), "2n"},
		asked{filter.Search("1 2"), "ann1 2"},
		asked{filter.Name.Contains("1 2"), "ann1 2"},
		asked{filter.Name.Contains("12"), ""},
		asked{filter.Search("555"), "ann1 2, 2n"},
		asked{filter.Search("5551"), "2n"},
	)
}

func checkSearchDigits(f *fixture) {
	a, b, c := f.visitor("Room 5551"), f.visitor("Bob"), f.visitor("Eve")
	b.Phone, c.Email = "+15551234567", "5551@example.com"
	f.given(create(a), create(b), create(c))
	f.ask(
		asked{filter.Search("5551"), "Room 5551, Bob, Eve"},
		asked{filter.Search("55-51"), "Bob"},
		asked{filter.Search("+1555"), "Bob"},
		asked{filter.Search("m 5551"), "Room 5551, Eve"},
		asked{filter.Phone.Contains("5551"), "Bob"},
		asked{filter.Name.Contains("5551"), "Room 5551"},
		asked{filter.Search("55512"), "Bob"},
	)
}

func checkSearchLiterals(f *fixture) {
	var changes []driver.Change
	for i, s := range literals {
		v := f.visitor(fmt.Sprintf("x%sy %d", s, i))
		v.Attributes = visitor.Attributes{"text": visitor.Text("x" + s + "y"), "list": visitor.List("-", s)}
		changes = append(changes, create(v))
	}
	f.given(changes...)
	people := f.visitors(f.ws)
	for i, s := range literals {
		for _, e := range []filter.Expr{
			filter.Name.HasPrefix("x" + s), filter.Name.HasSuffix(s + fmt.Sprintf("y %d", i)), filter.Name.Contains(s), filter.Search(s), filter.Search("x" + s + "y"),
			filter.Attr("text").Contains(s), filter.Attr("list").Is(s), filter.Attr("list").HasPrefix(s),
		} {
			if filter.Validate(e) != nil {
				continue // a text that folds to white space
			}
			f.agree(e, people)
		}
	}
}

func checkSearchSpellings(f *fixture) {
	spellings := [][]string{
		{"José", "Jose\u0301", "JOSE", "josé", "Ｊｏｓé", "Jo\u200bse"},
		{"Straße", "STRASSE", "strasse", "STRAẞE"},
		{"İstanbul", "istanbul", "ISTANBUL", "ıstanbul"},
		{"Łódź", "lodz", "ŁÓDŹ", "Lo\u0301dz\u0301"},
		{"Øre", "ore", "ØRE"},
		{"Σίσυφος", "ΣΙΣΥΦΟΣ", "σισυφοσ"},
		{"ﬁsh", "fish", "FISH"},
		{"Zoë", "Zoe\u0308", "zoe", "ZOË"},
	}
	var changes []driver.Change
	for _, group := range spellings {
		for _, s := range group {
			name, err := visitor.NormalizeName(s)
			if err != nil {
				f.Fatalf("%q: %v", s, err)
			}
			changes = append(changes, create(f.visitor(name)))
		}
	}
	f.given(changes...)
	people := f.visitors(f.ws)
	for _, group := range spellings {
		for _, s := range group {
			f.same("how many have the name "+s, f.count(filter.Name.Is(s)), int64(len(group)))
			f.same("how many are found by "+s, f.count(filter.Search(s)), int64(len(group)))
			f.agree(filter.Name.HasPrefix(s), people)
		}
	}
}

func checkSearchLengths(f *fixture) {
	v := f.visitor("Ax" + strings.Repeat("é日", 60))
	w := f.visitor("By")
	w.Email = "by@example.com"
	f.given(create(v), create(w))
	people := f.visitors(f.ws)
	for _, s := range []string{"a", "x", "é", "日", "日é", "ax", "xé", "axe", "b", "by", "y", "@", ".c", "om", "m", v.Name, v.Name[2:], "by by@example.com", "example.com"} {
		f.agree(filter.Search(s), people)
		f.agree(filter.Not(filter.Search(s)), people)
		f.agree(filter.Name.Contains(s), people)
	}
}

func checkSearchDigitWords(f *fixture) {
	a, b, c := f.visitor("Ada"), f.visitor("Flat 1 House 12"), f.visitor("Room 7")
	a.Phone, b.Email, c.Phone = "+4917012345", "bob49@example.com", "+15551234567"
	f.given(create(a), create(b), create(c))
	f.ask(
		asked{filter.Search("+49 170 123"), "Ada"},
		asked{filter.Search("49 1 70"), "Ada"},
		asked{filter.Search("ada 49 17"), "Ada"},
		asked{filter.Search("+49 170 12 345"), "Ada"},
		asked{filter.Search("1 12"), "Flat 1 House 12"},
		asked{filter.Search("12 1"), "Flat 1 House 12"},
		asked{filter.Search("1 12 bob"), "Flat 1 House 12"},
		asked{filter.Search("1 49"), "Flat 1 House 12"},
		asked{filter.Search("7 555"), "Room 7"},
		asked{filter.Search("+1 (555) 123 45 67"), "Room 7"},
		asked{filter.Search("7 012"), "Ada"},
		asked{filter.Search("12 45"), ""},
		asked{filter.Search("170 555"), ""},
		asked{filter.Search("49 12"), "Flat 1 House 12"},
	)
}
