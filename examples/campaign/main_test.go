package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `1. Three people wrote, of whom two agreed to offers:
   Ada:  agreed to messages
   Ben:  agreed to messages
   Cleo: has not agreed
   sent to 2 of 3; receipt …
2. Ada wrote STOP:
   Ada:  does not want messages on this channel
   Ben:  agreed to messages
   Cleo: has not agreed
   sent to 1 of 3; receipt …
3. Ada was deleted, and wrote again:
   Ada:  does not want messages on this channel
   Ben:  agreed to messages
   Cleo: has not agreed
   sent to 1 of 3; receipt …
4. Ada was erased: a keyed hash and a denial stay of each of her addresses (2), and a signed receipt
   an import of her number is refused: create visitor: address: the data of the person with this address was erased
5. After the erasure:
   Ben:  agreed to messages
   Cleo: has not agreed
   sent to 1 of 2; receipt …
`, regexp.MustCompile(`receipt [0-9a-f]{8}`).ReplaceAllString(out.String(), "receipt …"))
}
