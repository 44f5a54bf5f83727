import com.google.protobuf.ByteString;
import icrl.v1.*;
import io.grpc.*;
import io.grpc.stub.*;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.*;
import java.util.concurrent.CountDownLatch;

/**
 * The empirical mean in Java, on grpc-java alone: each arm once, then always the one of the best mean so far, the first of equals. It plays as
 * the built-in `emp`, digit for digit. docs/languages/java.md has more; docs/protocol.md is the reference.
 *
 * <pre>mvn package && java -jar target/emp-java.jar --connect 127.0.0.1:50551 --task bernoulli-bandit --trials 200</pre>
 */
public final class Emp implements StreamObserver<PlayResponse> {
  static final List<String> FLAGS = List.of("--connect", "--entrant", "--tournament", "--collection", "--task", "--trials", "--envs", "--seed");

  /** What was learnt in one trial, by arm. */
  record Memory(double[] plays, double[] sums) {
    int best() {
      int choice = 0;
      for (int arm = 0; arm < plays.length; arm++) {
        if (plays[arm] == 0) return arm;
        if (sums[arm] / plays[arm] > sums[choice] / plays[choice]) choice = arm;
      }
      return choice;
    }
  }

  final CountDownLatch over = new CountDownLatch(1);
  final Map<Integer, Memory> memories = new HashMap<>(); // of the envs in which a trial is under way
  boolean enters; // a tournament or a collection
  volatile StreamObserver<PlayRequest> requests;
  ByteBuffer actions; // int32 [N]
  int arms;
  double regret;

  /** Learns from what the last actions earned, and chooses the next; false when all trials are played. */
  boolean step(Observations seen) {
    ByteBuffer rewards = seen.getReward().getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN); // float32 [N]
    ByteBuffer executed = seen.getExecutedAction().getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    memories.forEach((env, memory) -> {
      int arm = (seen.hasExecutedAction() ? executed : actions).getInt(4 * env); // it is there where it is not what was sent
      memory.plays[arm]++;
      memory.sums[arm] += rewards.getFloat(4 * env);
    });
    seen.getTrialStartsList().forEach(start -> memories.put(start.getEnv(), new Memory(new double[arms], new double[arms])));
    memories.forEach((env, memory) -> actions.putInt(4 * env, memory.best()));
    return !memories.isEmpty();
  }

  @Override
  public void onNext(PlayResponse response) {
    if (response.hasOpened()) {
      memories.clear();
      arms = response.getOpened().getTask().getNumActions();
      actions = ByteBuffer.allocate(4 * response.getOpened().getNumEnvs()).order(ByteOrder.LITTLE_ENDIAN);
    } else if (response.hasObservations()) {
      Observations seen = response.getObservations();
      for (TrialEnd end : seen.getTrialEndsList()) {
        memories.remove(end.getEnv());
        regret += end.getRegret(); // told in free play alone
      }
      if (!step(seen)) return;
      ByteBuffer ones = ByteBuffer.allocate(actions.capacity()).order(ByteOrder.LITTLE_ENDIAN); // what it chooses is certain
      while (ones.hasRemaining()) ones.putFloat(1);
      Actions.Builder answer = Actions.newBuilder().setStepIndex(seen.getStepIndex());
      answer.setActions(line(DataType.DATA_TYPE_INT32, actions)).setPropensities(line(DataType.DATA_TYPE_FLOAT32, ones));
      requests.onNext(PlayRequest.newBuilder().setActions(answer).build());
    } else if (response.hasClosed()) {
      long trials = response.getClosed().getCompleteTrials();
      if (!enters) System.out.printf(Locale.ROOT, "%d trials, regret %.6f (mean of a trial)%n", trials, regret / trials);
      if (!enters || response.getClosed().getFinished()) requests.onCompleted(); // the server then ends its side, too
    }
  }

  static Tensor line(DataType type, ByteBuffer data) {
    return Tensor.newBuilder().setDtype(type).addShape(data.capacity() / 4).setData(ByteString.copyFrom(data.rewind())).build();
  }

  @Override
  public void onError(Throwable error) {
    System.err.println(error.getMessage()); // what was wrong, and what to do
    System.exit(1);
  }

  @Override
  public void onCompleted() {
    over.countDown();
  }

  public static void main(String[] words) throws Exception {
    Map<String, String> flags = new HashMap<>(), environment = System.getenv();
    for (int i = 0; i + 1 < words.length; i += 2) if (FLAGS.contains(words[i])) flags.put(words[i], words[i + 1]);
    if (2 * flags.size() != words.length) {
      System.err.println("usage: emp-java, and with a value each, any of " + String.join(" ", FLAGS));
      System.exit(2);
    }
    ChannelCredentials security = InsecureChannelCredentials.create(); // for this machine alone
    String ca = environment.getOrDefault("ICRL_CA", "");
    if (ca.equals("public")) security = TlsChannelCredentials.create();
    else if (!ca.isEmpty()) security = TlsChannelCredentials.newBuilder().trustManager(new File(ca)).build();
    var channel = Grpc.newChannelBuilder(flags.getOrDefault("--connect", "127.0.0.1:50551"), security);
    channel.maxInboundMessageSize(Integer.MAX_VALUE); // many envs say much at once
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + environment.get("ICRL_TOKEN"));
    var stub = EnvironmentServiceGrpc.newStub(channel.build()).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
    Emp emp = new Emp();
    emp.enters = flags.containsKey("--entrant");
    emp.requests = stub.play(emp);
    Hello.Builder hello = Hello.newBuilder().setMinProtocolVersion(1).setMaxProtocolVersion(1).addTasks("bandit");
    hello.setAgent("emp-java").setAgentVersion("1").setLanguage("java");
    if (emp.enters) {
      hello.setEntrant(flags.get("--entrant")).setEntrantKey(environment.getOrDefault("ICRL_ENTRANT_KEY", "")); // keeps others from its name
      hello.setTournamentId(flags.getOrDefault("--tournament", "")).setCollectionId(flags.getOrDefault("--collection", ""));
    }
    emp.requests.onNext(PlayRequest.newBuilder().setHello(hello).build());
    if (!emp.enters) {
      Open.Builder open = Open.newBuilder().setTask(flags.getOrDefault("--task", "bernoulli-bandit"));
      open.setTrials(Long.parseLong(flags.getOrDefault("--trials", "20"))).setSeed(Long.parseUnsignedLong(flags.getOrDefault("--seed", "0")));
      emp.requests.onNext(PlayRequest.newBuilder().setOpen(open.setNumEnvs(Integer.parseInt(flags.getOrDefault("--envs", "10")))).build());
    }
    emp.over.await();
  }
}
