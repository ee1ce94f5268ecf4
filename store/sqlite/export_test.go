package sqlite

import "github.com/contactpipeline/visitors/store/internal/sqlstore"

// Document returns the search document of a visitor whose texts are folded.
func Document(ws, name, email, phone string) string {
	return grams{}.Document(ws, sqlstore.Searchable{Name: name, Email: email, Phone: phone})
}
