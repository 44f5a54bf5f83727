// The empirical mean in Go, on grpc-go alone: each arm once, then always the one of the best mean so far, the first of equals. It plays as the
// built-in `emp`, digit for digit. docs/languages/go.md has more; docs/protocol.md is the reference.
//
//	go generate && go build -o emp-go .
//	./emp-go --connect 127.0.0.1:50551 --task bernoulli-bandit --trials 200
package main

//go:generate npx buf generate ../../proto --path ../../proto/icrl --template buf.gen.yaml

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "icrl.example/go/gen/icrl/v1"
)

// What was learnt in one trial, by arm.
type memory struct{ plays, sums []float64 }

func (m memory) best() uint32 {
	choice, best := 0, math.Inf(-1)
	for arm, plays := range m.plays {
		if plays == 0 {
			return uint32(arm)
		}
		if mean := m.sums[arm] / plays; mean > best {
			choice, best = arm, mean
		}
	}
	return uint32(choice)
}

// Learns from what the last actions earned and chooses the next, int32 [N], in their place; false when all trials are played.
func step(seen *pb.Observations, memories map[uint32]memory, actions []byte, arms uint32) bool {
	done := actions
	if seen.ExecutedAction != nil { // where it is not what was sent
		done = seen.ExecutedAction.Data
	}
	for env, m := range memories {
		arm := binary.LittleEndian.Uint32(done[4*env:])
		m.plays[arm]++
		m.sums[arm] += float64(math.Float32frombits(binary.LittleEndian.Uint32(seen.Reward.Data[4*env:])))
	}
	for _, start := range seen.TrialStarts {
		memories[start.Env] = memory{make([]float64, arms), make([]float64, arms)}
	}
	for env, m := range memories {
		binary.LittleEndian.PutUint32(actions[4*env:], m.best())
	}
	return len(memories) > 0
}

func must[T any](value T, err error) T { // the text of a gRPC status says what was wrong, and what to do
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	connect := flag.String("connect", "127.0.0.1:50551", "HOST:PORT of the server")
	entrant := flag.String("entrant", "", "the name under which it enters a tournament")
	hello := &pb.Hello{MinProtocolVersion: 1, MaxProtocolVersion: 1, Agent: "emp-go", AgentVersion: "1", Language: "go", Tasks: []string{"bandit"}}
	hello.TournamentId = flag.String("tournament", "", "with --entrant: this tournament alone")
	hello.CollectionId = flag.String("collection", "", "with --entrant: this collection, as a behaviour")
	var open pb.Open
	flag.StringVar(&open.Task, "task", "bernoulli-bandit", "what it plays without --entrant")
	flag.Uint64Var(&open.Trials, "trials", 20, "how many trials of it")
	flag.Uint64Var(&open.Seed, "seed", 0, "of the trials")
	envs := flag.Uint("envs", 10, "how many side by side")
	flag.Parse()

	security := insecure.NewCredentials() // for this machine alone
	if ca := os.Getenv("ICRL_CA"); ca == "public" {
		security = credentials.NewTLS(nil)
	} else if ca != "" {
		security = must(credentials.NewClientTLSFromFile(ca, ""))
	}
	limit := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)) // many envs say much at once
	channel := must(grpc.Dial(*connect, grpc.WithTransportCredentials(security), grpc.WithNoProxy(), limit))
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+os.Getenv("ICRL_TOKEN"))
	stream := must(pb.NewEnvironmentServiceClient(channel).Play(ctx))
	send := func(request *pb.PlayRequest) { _ = stream.Send(request) } // receiving tells why it could not be sent
	if *entrant != "" {
		key := os.Getenv("ICRL_ENTRANT_KEY") // keeps others from its name
		hello.Entrant, hello.EntrantKey = entrant, &key
	}
	send(&pb.PlayRequest{Message: &pb.PlayRequest_Hello{Hello: hello}})
	if open.NumEnvs = uint32(*envs); *entrant == "" {
		send(&pb.PlayRequest{Message: &pb.PlayRequest_Open{Open: &open}})
	}
	var memories map[uint32]memory // of the envs in which a trial is under way
	actions, arms, regret := []byte{}, uint32(0), 0.0
	for {
		response := must(stream.Recv())
		if opened := response.GetOpened(); opened != nil {
			memories, actions, arms = map[uint32]memory{}, make([]byte, 4*opened.NumEnvs), opened.Task.NumActions
		} else if seen := response.GetObservations(); seen != nil {
			for _, end := range seen.TrialEnds {
				delete(memories, end.Env)
				regret += end.GetRegret() // told in free play alone
			}
			if step(seen, memories, actions, arms) {
				shape, ones := []uint32{uint32(len(actions) / 4)}, bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, len(actions)/4)
				chosen := &pb.Tensor{Dtype: pb.DataType_DATA_TYPE_INT32, Shape: shape, Data: actions}
				chances := &pb.Tensor{Dtype: pb.DataType_DATA_TYPE_FLOAT32, Shape: shape, Data: ones}
				send(&pb.PlayRequest{Message: &pb.PlayRequest_Actions{Actions: &pb.Actions{StepIndex: seen.StepIndex, Actions: chosen, Propensities: chances}}})
			}
		} else if closed := response.GetClosed(); closed != nil && (*entrant == "" || closed.Finished) {
			if *entrant == "" {
				fmt.Printf("%d trials, regret %.6f (mean of a trial)\n", closed.CompleteTrials, regret/float64(closed.CompleteTrials))
			}
			_ = stream.CloseSend()
			_, _ = stream.Recv() // the server ends its side, too
			return
		}
	}
}
