package cdr

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pbx/spool"
	"pbx/store"
)

// BenchmarkSQLite measures what a call's row and summary cost in the database, in
// batches of as many calls.
func BenchmarkSQLite(b *testing.B) {
	for _, size := range []int{50, 500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "cdr.db")
			s := &SQLite{spool.SQL{Open: func() (*sql.DB, error) { return store.OpenSQL(path) }}}
			b.Cleanup(func() { _ = s.Close() })
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				batch := make([]spool.Entry, 0, 2*size)
				for range size {
					n++
					batch = append(batch, benchCall(n)...)
				}
				if err := s.Deliver(batch, nil, false); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/call")
		})
	}
}

// benchCall is what is recorded of the nth call.
func benchCall(n int) []spool.Entry {
	at, id := time.Now(), fmt.Sprintf("1764300000.%d", n)
	r := &Row{
		ID: fmt.Sprintf("abcdefgh-%d", n), Src: "caller", Dst: "1001", Context: "bench", CLID: `"caller" <caller>`,
		Channel: fmt.Sprintf("SIP/bench-%08x", n), LastApp: "Wait", LastData: "1", Start: at, Answer: at, End: at, Duration: 1, BillSec: 1,
		Disposition: Answered, AMAFlags: "DOCUMENTATION", UniqueID: id, LinkedID: id, Sequence: int64(n),
	}
	c := &Call{
		LinkedID: id, Src: r.Src, CLID: r.CLID, Dst: r.Dst, Context: r.Context, Channel: r.Channel,
		Start: at, Answer: at, End: at, Duration: 1, Disposition: Answered, Channels: 1, Rows: 1,
	}
	return []spool.Entry{{Kind: RowKind, Value: r}, {Kind: CallKind, Value: c}}
}
