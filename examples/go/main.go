// An agent in Go: epsilon-greedy for bandits, as an entrant of a tournament or a behaviour of a dataset.
//
//	cd examples/go && go generate && go build -o epsilon-go .
//	./epsilon-go --connect 127.0.0.1:50551 --entrant go --option epsilon=0.05
//
// As `command` in the file of a tournament or a dataset it is started by `icrl tournament run` and `icrl dataset collect`.
// docs/protocol.md is the reference for what is said here.
package main

//go:generate npx buf generate ../../proto --path ../../proto/icrl --template buf.gen.yaml

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "icrl.example/go/gen/icrl/v1"
)

// The command line by which agents are started, in any language.
type options []string

func (o *options) String() string          { return strings.Join(*o, " ") }
func (o *options) Set(option string) error { *o = append(*o, option); return nil }

var (
	connect    = flag.String("connect", "127.0.0.1:50551", "HOST:PORT of the server")
	entrant    = flag.String("entrant", "go", "the name it enters under")
	tournament = flag.String("tournament", "", "only this tournament")
	collection = flag.String("collection", "", "instead of a tournament: a collection")
	given      options
)

// What was learnt in one trial, and chance of its own.
type memory struct {
	plays []float64
	means []float64
	rng   *rand.Rand
}

// Chooses an arm; returns it, and the probability with which it was chosen.
func (m *memory) act(epsilon float64) (int32, float32) {
	best := 0
	for arm, mean := range m.means {
		if mean > m.means[best] {
			best = arm
		}
	}
	arm := best
	if m.rng.Float64() < epsilon {
		arm = m.rng.Intn(len(m.means))
	}
	chance := epsilon / float64(len(m.means))
	if arm == best {
		chance += 1 - epsilon
	}
	return int32(arm), float32(chance)
}

func (m *memory) learn(arm int32, reward float32) {
	m.plays[arm]++
	m.means[arm] += (float64(reward) - m.means[arm]) / m.plays[arm]
}

func tensor(dtype pb.DataType, shape uint32, bits []uint32) *pb.Tensor {
	data := make([]byte, 0, 4*len(bits))
	for _, word := range bits {
		data = binary.LittleEndian.AppendUint32(data, word)
	}
	return &pb.Tensor{Dtype: dtype, Shape: []uint32{shape}, Data: data}
}

func main() {
	flag.Var(&given, "option", "name=value, an option of the agent that nobody else sets: epsilon")
	flag.Parse()
	epsilon := 0.1
	for _, option := range given {
		text := strings.TrimPrefix(option, "epsilon=")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || !(value >= 0 && value <= 1) {
			fmt.Fprintf(os.Stderr, "option %q: give epsilon=VALUE, from 0 to 1\n", option)
			os.Exit(2)
		}
		epsilon = value
	}
	if err := play(epsilon); err != nil {
		log.Fatal(err) // a gRPC status: its text says what was wrong, and what to do
	}
}

// Plays what the server opens, until there is no more of it.
func play(epsilon float64) error {
	security := insecure.NewCredentials()
	if ca := os.Getenv("ICRL_CA"); ca == "public" {
		security = credentials.NewTLS(nil)
	} else if ca != "" {
		own, err := credentials.NewClientTLSFromFile(ca, "")
		if err != nil {
			return err
		}
		security = own
	}
	channel, err := grpc.Dial(*connect, grpc.WithTransportCredentials(security), grpc.WithNoProxy())
	if err != nil {
		return err
	}
	defer channel.Close()
	ctx := context.Background()
	if token := os.Getenv("ICRL_TOKEN"); token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	both := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := channel.NewStream(ctx, both, "/icrl.v1.EnvironmentService/Play")
	if err != nil {
		return err
	}
	send := func(request *pb.PlayRequest) { _ = stream.SendMsg(request) } // why it could not be sent, receiving tells
	send(&pb.PlayRequest{Message: &pb.PlayRequest_Hello{Hello: hello()}})

	var envs []*memory
	var actions []int32
	for {
		response := &pb.PlayResponse{}
		if err := stream.RecvMsg(response); err != nil {
			return err
		}
		switch message := response.Message.(type) {
		case *pb.PlayResponse_Opened:
			opened := message.Opened
			if value, ok := opened.AgentOptions.GetFields()["epsilon"]; ok {
				epsilon = value.GetNumberValue() // the tournament's word
			}
			envs = make([]*memory, opened.NumEnvs)
			actions = make([]int32, opened.NumEnvs)
			for env := range envs {
				arms := opened.Task.NumActions
				envs[env] = &memory{plays: make([]float64, arms), means: make([]float64, arms)}
			}
		case *pb.PlayResponse_Observations:
			seen := message.Observations
			answer := answerTo(seen, envs, actions, epsilon)
			if answer != nil {
				send(&pb.PlayRequest{Message: &pb.PlayRequest_Actions{Actions: answer}})
			}
		case *pb.PlayResponse_Closed:
			if message.Closed.Finished {
				return stream.CloseSend()
			}
		}
	}
}

func hello() *pb.Hello {
	message := &pb.Hello{
		MinProtocolVersion: 1, MaxProtocolVersion: 1, Agent: "epsilon-go", AgentVersion: "1", Language: "go",
		Tasks: []string{"bandit"}, Entrant: entrant,
	}
	if *tournament != "" {
		message.TournamentId = tournament
	}
	if *collection != "" {
		message.CollectionId = collection
	}
	if key := os.Getenv("ICRL_ENTRANT_KEY"); key != "" {
		message.EntrantKey = &key // what keeps others from its name
	}
	return message
}

// Learns from what the last actions earned, and chooses the next; nil when all trials are played.
func answerTo(seen *pb.Observations, envs []*memory, actions []int32, epsilon float64) *pb.Actions {
	if seen.Reward != nil {
		for env, memory := range envs {
			if memory.rng != nil { // an env that never had a trial took no action
				reward := math.Float32frombits(binary.LittleEndian.Uint32(seen.Reward.Data[4*env:]))
				memory.learn(actions[env], reward)
			}
		}
	}
	for _, start := range seen.TrialStarts { // what was learnt is forgotten
		memory := envs[start.Env]
		for arm := range memory.means {
			memory.plays[arm], memory.means[arm] = 0, 0
		}
		memory.rng = rand.New(rand.NewSource(int64(start.AgentSeed)))
	}
	chosen := make([]uint32, len(envs))
	chances := make([]uint32, len(envs))
	active := 0
	for env, memory := range envs {
		chances[env] = math.Float32bits(float32(math.NaN()))
		if memory.rng == nil || (seen.Active != nil && seen.Active.Data[env] == 0) {
			continue
		}
		active++
		arm, chance := memory.act(epsilon)
		actions[env] = arm
		chosen[env], chances[env] = uint32(arm), math.Float32bits(chance)
	}
	if active == 0 {
		return nil
	}
	n := uint32(len(envs))
	return &pb.Actions{
		StepIndex:    seen.StepIndex,
		Actions:      tensor(pb.DataType_DATA_TYPE_INT32, n, chosen),
		Propensities: tensor(pb.DataType_DATA_TYPE_FLOAT32, n, chances),
	}
}
