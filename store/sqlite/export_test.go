package sqlite

import "github.com/contactpipeline/visitors/store/internal/sqlstore"

// Document lets tests spell the search text of a visitor, which is folded already.
func Document(ws, name, email, phone string) string {
	return grams{}.Document(ws, sqlstore.Searchable{Name: name, Email: email, Phone: phone})
}
