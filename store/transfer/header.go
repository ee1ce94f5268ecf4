package transfer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// role is the field of a visitor that a column fills.
type role string

const (
	roleName       role = "name"
	roleFirst      role = "first_name"
	roleMiddle     role = "middle_name"
	roleLast       role = "last_name"
	roleEmail      role = "email"
	rolePhone      role = "phone"
	roleSource     role = "source"
	roleTags       role = "tags"
	roleCreated    role = "created_at"
	roleIdentities role = "identities"
	roleAttributes role = "attributes"
	roleAttr       role = "attr"
)

// attrPrefix starts the header of an attribute in our exports: attr.city, attr.score:number.
const attrPrefix = "attr."

// aliases are the names of columns in the exports of Google, Outlook, HubSpot, Mailchimp,
// Chatwoot and Salesforce, in English and a few other languages, as returned by headerKey.
// Several columns can have one role; see layout.draft.
var aliases = aliasTable(map[role]string{
	roleName:   "name fullname displayname contactname visitorname customername contact",
	roleFirst:  `firstname givenname forename fname vorname prenom nombre nome`,
	roleMiddle: "middlename additionalname",
	roleLast: `lastname familyname surname lname nachname nom nomdefamille apellido apellidos
		sobrenome cognome`,
	roleEmail: `email emails emailaddress mail emailadresse correo correoelectronico courriel
		adressedemessagerie email1value email2value email3value email1address email2address
		email3address primaryemail secondaryemail workemail personalemail`,
	rolePhone: `phone phones phonenumber mobile mobilephone mobilenumber mobilephonenumber cell cellphone
		telephone tel primaryphone homephone homephone2 businessphone businessphone2 workphone
		phone1value phone2value phone3value whatsappnumber telefon telefonnummer rufnummer
		mobiltelefon handy telefono telefone celular movil`,
	roleSource: "source channel firstsource kanal canal",
	roleTags:   "tags tag labels label categories groupmembership schlagworter kategorien etiquetas etiquettes",
	roleCreated: `created createdat createdate createdon creationdate creationtime datecreated
		dateadded optintime signedup signedupat`,
	roleIdentities: "identities",
	roleAttributes: "attributes",
})

func aliasTable(names map[role]string) map[string]role {
	table := map[string]role{}
	for r, list := range names {
		for _, name := range strings.Fields(list) {
			table[name] = r
		}
	}
	return table
}

// headerKey returns a header without case, accents, spaces and punctuation.
func headerKey(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text.Fold(header))
}

// column is a column of the file.
type column struct {
	header string
	role   role
	attr   string       // the attribute that keeps cells for which the role has no room
	kind   visitor.Kind // of that attribute
}

// layout lists the columns of a file.
type layout []column

// readHeader detects the layout. It refuses a header without a column for a name, an e-mail
// or a phone: in a file without a header, the first row would be lost.
func readHeader(cells []string) (layout, error) {
	l := make(layout, len(cells))
	for i, cell := range cells {
		l[i] = readColumn(cell, i)
	}
	taken := map[string]bool{}                     // attribute:kind
	for _, explicit := range []bool{true, false} { // an explicit name of an attribute stays
		for i := range l {
			if strings.HasPrefix(l[i].header, attrPrefix) == explicit {
				l[i].unique(taken)
			}
		}
	}
	if !slices.ContainsFunc([]role{roleName, roleFirst, roleLast, roleEmail, rolePhone}, l.has) {
		return nil, text.Refuse("header", "the first row names no column for a name, an e-mail or a phone number")
	}
	return l, nil
}

func readColumn(cell string, index int) column {
	c := column{header: text.Trim(cell), role: roleAttr, kind: visitor.TextKind}
	if r, ok := aliases[headerKey(cell)]; ok {
		c.role = r
	}
	name, ours := strings.CutPrefix(c.header, attrPrefix)
	if plain, kind, ok := strings.Cut(name, ":"); ours && ok && slices.Contains(kinds, visitor.Kind(kind)) {
		name, c.kind = plain, visitor.Kind(kind)
	}
	c.attr = attributeName(name, index)
	return c
}

// unique changes the attribute's name if an earlier column has it for the same kind.
func (c *column) unique(taken map[string]bool) {
	name := c.attr
	for n := 2; taken[c.attr+":"+string(c.kind)]; n++ {
		c.attr = fmt.Sprintf("%.60s_%d", name, n)
	}
	taken[c.attr+":"+string(c.kind)] = true
}

var kinds = []visitor.Kind{visitor.TextKind, visitor.NumberKind, visitor.BoolKind, visitor.TimeKind, visitor.ListKind}

// has reports whether a column has the role.
func (l layout) has(r role) bool {
	return slices.ContainsFunc(l, func(c column) bool { return c.role == r })
}

// columns returns the layout for the report.
func (l layout) columns() []Column {
	out := make([]Column, len(l))
	for i, c := range l {
		out[i] = Column{Header: c.header, Field: string(c.role)}
		if c.role == roleAttr {
			out[i].Field = attrPrefix + c.attr
		}
	}
	return out
}

// attributeName derives the name of an attribute from a header. A valid name stays; otherwise
// the header is folded and other characters than ASCII letters and digits become "_". A header
// without letters becomes "column_N".
func attributeName(header string, index int) string {
	if visitor.ValidAttributeName(header) {
		return header
	}
	words := strings.FieldsFunc(text.Fold(header), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	name := strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
	name = strings.TrimRight(name[:min(len(name), visitor.MaxAttributeName)], "_")
	if name == "" {
		return fmt.Sprintf("column_%d", index+1)
	}
	return name
}
