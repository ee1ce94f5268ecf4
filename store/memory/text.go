package memory

import (
	"bytes"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/tag/text"
)

// textIndex is the text that is searched, in blocks of consecutive positions.
type textIndex struct {
	blocks     []textBlock
	signatures []signature // in a list of their own, since a search reads all of them
	buffer     []byte
}

const block = 64 // positions of a block, and bits of a word of a bitmap

// textBlock holds the documents of its positions one after another. A document is the
// folded name, the folded e-mail and the phone, with a border before, between and after
// them. Without a visitor it is empty.
type textBlock struct {
	text []byte
	ends [block]uint32
}

// Bytes that never occur in UTF-8 (RFC 3629 §1). Phones are written with them, so that a
// search for digits in names does not find phones.
const (
	border     = 0xFF
	digitZero  = 0xF5 // up to 0xFE for nine
	plusSign   = 0xC0
	otherPhone = 0xC1
)

func appendPhone(to []byte, phone string) []byte {
	for i := range len(phone) {
		switch c := phone[i]; {
		case c >= '0' && c <= '9':
			to = append(to, digitZero+c-'0')
		case c == '+':
			to = append(to, plusSign)
		default:
			to = append(to, otherPhone)
		}
	}
	return to
}

// set stores the text of r at p. r is nil to remove it.
func (x *textIndex) set(p uint32, r *record) {
	b, slot := int(p/block), p%block
	for b >= len(x.blocks) {
		x.blocks, x.signatures = append(x.blocks, textBlock{}), append(x.signatures, signature{})
	}
	doc := x.buffer[:0]
	if r != nil {
		doc = append(append(doc, border), text.Fold(r.name)...)
		doc = append(append(doc, border), text.Fold(r.email)...)
		doc = append(appendPhone(append(doc, border), r.phone), border)
	}
	if replaced := x.blocks[b].put(slot, doc); replaced {
		x.signatures[b] = signature{}
		x.signatures[b].add(x.blocks[b].text)
	} else {
		x.signatures[b].add(doc)
	}
	clear(doc)
	x.buffer = doc[:0]
}

// put stores a document and reports whether it replaced another one, which is overwritten.
func (t *textBlock) put(slot uint32, doc []byte) (replaced bool) {
	start, end := t.span(slot)
	old := t.text
	t.text = slices.Replace(t.text, int(start), int(end), doc...)
	if cap(t.text) > cap(old) {
		clear(old) // was copied: no text of deleted visitors may stay in memory
	}
	for i := slot; i < block; i++ {
		t.ends[i] += uint32(len(doc)) - (end - start)
	}
	return start < end
}

func (t *textBlock) span(slot uint32) (start, end uint32) {
	if slot > 0 {
		start = t.ends[slot-1]
	}
	return start, t.ends[slot]
}

// truncate removes the blocks after that of p, and overwrites them. The positions from p on
// have no documents.
func (x *textIndex) truncate(p int) {
	keep := min((p+block-1)/block, len(x.blocks))
	for _, b := range x.blocks[keep:] {
		clear(b.text[:cap(b.text)])
	}
	clear(x.blocks[keep:])
	x.blocks, x.signatures = x.blocks[:keep], x.signatures[:keep]
}

// name returns the folded name at p, which must not be modified.
func (x *textIndex) name(p uint32) []byte {
	b := &x.blocks[p/block]
	start, end := b.span(p % block)
	doc := b.text[start+1 : end]
	return doc[:bytes.IndexByte(doc, border)]
}

// find returns the slots whose document contains the needle, as bits.
func (t *textBlock) find(needle []byte) (slots uint64) {
	for from, slot := 0, 0; ; {
		i := bytes.Index(t.text[from:], needle)
		if i < 0 {
			return slots
		}
		for from+i >= int(t.ends[slot]) {
			slot++
		}
		slots |= 1 << slot
		from = int(t.ends[slot])
	}
}

// search returns the positions in within whose document contains one of the needles.
func (x *textIndex) search(ctx context.Context, within *roaring.Bitmap, needles ...[]byte) (*roaring.Bitmap, error) {
	read := 0
	words := within.ToDense() // a word has a bit for each document of a block
	for b, word := range words {
		if word == 0 {
			continue
		}
		if read++; read%512 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var slots uint64
		for _, needle := range needles {
			if x.signatures[b].has(needle) {
				slots |= x.blocks[b].find(needle)
			}
		}
		words[b] = word & slots
	}
	return roaring.FromDense(words, false), nil
}
