package visitor_test

import (
	"flag"
	"time"
)

var seed = flag.Uint64("visitor.seed", uint64(time.Now().UnixNano()), "seed of the random tests")
