package sqlstore

import (
	"crypto/sha256"
	"encoding/binary"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// ByAddress uses an index of addresses on a server, else the table of their hashes.
func (t *tx) ByAddress(email, phone string, limit int) ([]visitor.ID, error) {
	index, column, value, hash := "visitors_visitor_email", t.emailFold("v."), text.Fold(email), hashOfEmail(email)
	if email == "" {
		index, column, value, hash = "visitors_visitor_phone", "v.phone", phone, hashOfPhone(phone)
	}
	var q sq.SelectBuilder
	if t.d.server != nil {
		q = t.fromBy(index, visitorTable, "v", "v.id").Where(column + " <> ''")
	} else {
		q = t.join(t.from(addressTable, "a", "v.id").Where("a.hash = ?", hash), visitorTable, "v", "v.rowkey = a.visitor")
	}
	q = q.Where(column+" = ?", value).OrderBy("v.id").Limit(uint64(limit))
	return list(t.ctx, t.query, q, scanID[visitor.ID])
}

func hashOfEmail(email string) int64 { return addressHash("email:" + text.Fold(email)) }
func hashOfPhone(phone string) int64 { return addressHash("phone:" + phone) }

// addressHash returns the first 47 bits of a hash: as many as SQLite stores in six bytes. Two
// addresses can have the same.
func addressHash(address string) int64 {
	sum := sha256.Sum256([]byte(address))
	return int64(binary.BigEndian.Uint64(sum[:]) >> 17)
}

// AddressHashes returns the hashes of the addresses of a profile.
func AddressHashes(v *visitor.Visitor) (hashes []int64) {
	if v.Email != "" {
		hashes = append(hashes, hashOfEmail(v.Email))
	}
	if v.Phone != "" {
		hashes = append(hashes, hashOfPhone(v.Phone))
	}
	return hashes
}
