// Command nocgo prints how sqlite.Open fails; it is built without cgo.
package main

import (
	"context"
	"fmt"

	"github.com/contactpipeline/visitors/store/sqlite"
)

func main() {
	_, err := sqlite.Open(context.Background(), "visitors.db", nil)
	fmt.Println(err)
}
