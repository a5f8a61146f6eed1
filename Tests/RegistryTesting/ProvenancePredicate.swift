/// Predicates as real builders write them, from the specifications and their documentation.
package enum ProvenancePredicate {
    /// The commit that all of them built.
    package static let commit = "4b220de5058abfd01ff619c9d2ff6b09a049bea0"
    /// The hash of the base image that most of them used.
    package static let alpine = "8914eb54f968791faf6a8638949e480fef81e697984fba772b3976835194c6d4"

    private static let alpineDependency =
        #"{"uri":"pkg:docker/alpine@3.17?platform=linux%2Famd64","digest":{"sha256":"\#(alpine)"}}"#

    /// BuildKit, SLSA 1, a context in git, `mode=max`.
    package static let buildKitRemote = """
        {"buildDefinition":{
          "buildType":"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
          "externalParameters":{
            "configSource":{"uri":"https://github.com/moby/buildkit.git#refs/tags/v0.11.0",
              "digest":{"sha1":"\(commit)"},"path":"Dockerfile"},
            "request":{"frontend":"gateway.v0","args":{"build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR":"1","label:FOO":"bar",
              "source":"docker/dockerfile-upstream:master","target":"release"},
              "secrets":[{"id":"GIT_AUTH_HEADER","optional":true}],"ssh":[],"locals":[]}},
          "internalParameters":{"builderPlatform":"linux/amd64","buildConfig":{"llbDefinition":[{"id":"step0"}]}},
          "resolvedDependencies":[\(alpineDependency),
            {"uri":"https://github.com/other/tool.git#main","digest":{"sha1":"0123456789012345678901234567890123456789"}},
            {"uri":"https://github.com/moby/buildkit.git#refs/tags/v0.11.0","digest":{"sha1":"\(commit)"}}]},
         "runDetails":{"builder":{"id":"https://github.com/docker/buildx/actions/runs/3709599520"},
          "metadata":{"invocationID":"rpv7a389uzil5lqmrgwhijwjz","startedOn":"2022-12-08T11:48:59.466513707Z",
            "finishedOn":"2022-12-08T11:49:01.256820297Z","buildkit_reproducible":false,"buildkit_hermetic":true,
            "buildkit_completeness":{"request":true,"resolvedDependencies":true},"buildkit_metadata":{}}}}
        """

    /// BuildKit, SLSA 1, a local context with the hints of buildx, and a Dockerfile that fetches another repository.
    package static let buildKitLocal = """
        {"buildDefinition":{
          "buildType":"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
          "externalParameters":{"configSource":{"path":"Dockerfile"},
            "request":{"frontend":"dockerfile.v0","args":{},"locals":[{"name":"context"},{"name":"dockerfile"}]}},
          "internalParameters":{"builderPlatform":"linux/amd64"},
          "resolvedDependencies":[\(alpineDependency),
            {"uri":"https://github.com/other/tool.git#main","digest":{"sha1":"0123456789012345678901234567890123456789"}}]},
         "runDetails":{"builder":{"id":""},"metadata":{"invocationId":"yirbp1aosi1vqjmi3z6bc75nb",
            "startedOn":"2022-12-08T11:48:59.466513707Z","finishedOn":"2022-12-08T11:49:01.256820297Z",
            "buildkit_metadata":{"vcs":{"localdir:context":".","revision":"\(commit)-dirty",
              "source":"https://x-access-token:ghs_secret@github.com/crazy-max/buildx.git"}}}}}
        """

    /// BuildKit, SLSA 0.2.
    package static let buildKitV02 = """
        {"builder":{"id":""},"buildType":"https://mobyproject.org/buildkit@v1",
         "materials":[\(alpineDependency)],
         "invocation":{"configSource":{"uri":"https://github.com/moby/buildkit.git#refs/tags/v0.11.0",
            "digest":{"sha1":"\(commit)"},"entryPoint":"Dockerfile"},
          "parameters":{"frontend":"gateway.v0","args":{"label:FOO":"bar","target":"release"}},
          "environment":{"platform":"linux/amd64"}},
         "metadata":{"buildInvocationID":"rpv7a389uzil5lqmrgwhijwjz","buildStartedOn":"2021-11-17T15:00:00Z",
          "buildFinishedOn":"2021-11-17T15:01:00Z","completeness":{"parameters":true,"environment":true,"materials":true},
          "reproducible":false,"https://mobyproject.org/buildkit@v1#hermetic":true,
          "https://mobyproject.org/buildkit@v1#metadata":{"vcs":{"source":"https://example.com/wrong.git",
            "revision":"ffffffffffffffffffffffffffffffffffffffff"}}}}
        """

    /// BuildKit, SLSA 0.2, a local context.
    package static let buildKitV02Local = """
        {"builder":{"id":""},"buildType":"https://mobyproject.org/buildkit@v1","materials":[\(alpineDependency)],
         "invocation":{"configSource":{"entryPoint":"Dockerfile"},"parameters":{"frontend":"dockerfile.v0"},
          "environment":{"platform":"linux/arm64"}},
         "metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"vcs":{"source":"git@github.com:moby/buildkit.git",
            "revision":"\(commit)"}}}}
        """

    /// GitHub's attest-build-provenance.
    package static let gitHub = """
        {"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1",
          "externalParameters":{"workflow":{"ref":"refs/heads/main","repository":"https://github.com/octo/app",
            "path":".github/workflows/build.yml"}},
          "internalParameters":{"github":{"event_name":"push","repository_id":"1","repository_owner_id":"2",
            "runner_environment":"github-hosted"}},
          "resolvedDependencies":[
            {"uri":"git+https://github.com/octo/shared@refs/tags/v1","digest":{"gitCommit":"\(String(repeating: "e", count: 40))"}},
            {"uri":"git+https://github.com/octo/app@refs/heads/main","digest":{"gitCommit":"\(commit)"}}]},
         "runDetails":{"builder":{"id":"https://github.com/octo/app/.github/workflows/build.yml@refs/heads/main"},
          "metadata":{"invocationId":"https://github.com/octo/app/actions/runs/9/attempts/1"}}}
        """

    /// slsa-github-generator, SLSA 0.2.
    package static let gitHubV02 = """
        {"builder":{"id":"https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v1.5.0"},
         "buildType":"https://github.com/slsa-framework/slsa-github-generator/container@v1",
         "invocation":{"configSource":{"uri":"git+https://github.com/octo/app@refs/heads/main","digest":{"sha1":"\(commit)"},
            "entryPoint":".github/workflows/build.yml"},"parameters":{},
          "environment":{"arch":"X64","os":"ubuntu22","github_actor":"octocat","github_event_name":"push"}},
         "metadata":{"buildInvocationId":"9-1","completeness":{"parameters":true},"reproducible":false},
         "materials":[{"uri":"git+https://github.com/octo/app@refs/heads/main","digest":{"sha1":"\(commit)"}}]}
        """

    /// Tekton Chains `slsa/v1`, which is SLSA 0.2: the pipeline comes from a catalogue, the source from a task's results.
    package static let tektonV02 = """
        {"builder":{"id":"https://tekton.dev/chains/v2"},"buildType":"tekton.dev/v1/PipelineRun",
         "invocation":{"configSource":{"uri":"git+https://github.com/tektoncd/catalog.git",
            "digest":{"sha1":"\(String(repeating: "9", count: 40))"},"entryPoint":"pipeline/build.yaml"},
          "parameters":{"CHAINS-GIT_COMMIT":"\(commit)","CHAINS-GIT_URL":"https://git.example.com/team/app"}},
         "buildConfig":{"tasks":[]},
         "metadata":{"buildStartedOn":"2021-03-29T09:50:00Z","buildFinishedOn":"2021-03-29T09:50:15Z",
          "completeness":{"parameters":false,"environment":false,"materials":false},"reproducible":false},
         "materials":[{"uri":"git+https://github.com/tektoncd/catalog.git","digest":{"sha1":"\(String(repeating: "9", count: 40))"}},
          {"uri":"docker://gcr.io/test1/test1","digest":{"sha256":"\(alpine)"}},
          {"uri":"git+https://git.example.com/team/app.git","digest":{"sha1":"\(commit)"}}]}
        """

    /// Tekton Chains `slsa/v2alpha4`, which is SLSA 1.
    package static let tekton = """
        {"buildDefinition":{"buildType":"https://tekton.dev/chains/v2/slsa",
          "externalParameters":{"runSpec":{"pipelineRef":{"resolver":"git"},"params":[{"name":"IMAGE","value":"x"},
            {"name":"list","value":["a"]}],"timeouts":{"pipeline":"1h0m0s"}}},
          "internalParameters":{"tekton-pipelines-feature-flags":{"DisableCredsInit":true}},
          "resolvedDependencies":[
            {"name":"pipeline","uri":"git+https://github.com/tektoncd/catalog.git","digest":{"sha1":"\(String(repeating: "9", count: 40))"}},
            {"name":"inputs/result","uri":"git+https://git.example.com/team/app.git","digest":{"sha1":"\(commit)"}},
            {"uri":"oci://gcr.io/test2/test2","digest":{"sha256":"\(alpine)"}}]},
         "runDetails":{"builder":{"id":"https://tekton.dev/chains/v2"},
          "metadata":{"invocationID":"abhhf-12354-asjsdbjs23-taskrun1","startedOn":"2021-03-29T09:50:00Z",
            "finishedOn":"2021-03-29T09:50:15Z"},
          "byproducts":[{"name":"taskRunResults/x","content":"aGVsbG8=","mediaType":"application/json"}]}}
        """
}
