package driver

import (
	"bytes"
	"encoding/json"
)

// decode reads the JSON value of a record into to. It refuses fields that it does not know: they are
// of a later version, which this one would lose when it writes the record again.
func decode(kind, key string, value []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return &Error{Kind: kind, Key: key, Err: err}
	}
	return nil
}
